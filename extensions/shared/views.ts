/** What the app says about each widget; finished texts in the shopper's language, so that nothing is worded here. */

import {readDelivery, type DeliveryView} from './promise';
import {isRecord, link, list, text} from './fields';

export type CouponState = 'ready' | 'pending' | 'void' | 'redeemed' | 'none';

export interface CouponView {
  state: CouponState;
  text: string;
  title?: string;
  value_text?: string;
  code?: string;
  apply_url?: string;
  note?: string;
  copy_text?: string;
  copied_text?: string;
  apply_text?: string;
  print_url?: string;
  print_text?: string;
  stamps?: StampsView;
}

/** A stamp card; `label` says in words what a row of `of` stamps shows. */
export interface StampsView {
  have: number;
  of: number;
  label: string;
  text: string;
  drawn: boolean;
}

export interface Reward {
  title: string;
  cost: number;
  cost_text?: string;
  note?: string;
}

/** A code bought with points; `code` only while it can be used, `text` until when or why no longer. */
export interface RewardCode {
  title: string;
  text: string;
  code?: string;
  apply_url?: string;
  apply_text?: string;
  copy_text?: string;
  copied_text?: string;
}

export interface Entry {
  text: string;
  points: number;
  on: string;
}

/** Where the customer stands; `title` is missing below the first tier, `missing_text` where there is none above. */
export interface TierView {
  title?: string;
  multiplier_text?: string;
  missing_text?: string;
}

export interface LoyaltyView {
  tier?: TierView;
  breakdown?: string;
  note?: string;
  guest_text?: string;
  account_url?: string;
  account_text?: string;
  statement_url?: string;
  statement_text?: string;
  text: string;
  title?: string;
  order: boolean;
  figures: [label: string, number: string][];
  rewards: Reward[];
  rewards_title?: string;
  redeem_text?: string;
  redeem_url?: string;
  codes: RewardCode[];
  endings: string[];
  entries: Entry[];
}

/** Somebody who packs parcels; `about` may be empty. */
export interface Person {
  name: string;
  about: string;
}

/** One way to reach the shop; `url` is there only where it leads to a mail or a call. */
export interface Way {
  text: string;
  url?: string;
}

/** Who packs the parcels and how to reach them; a title is missing where nothing stands below it. */
export interface PeopleView {
  title?: string;
  names: Person[];
  reach_title?: string;
  hours?: string;
  ways: Way[];
}

/** A seal that holds; `image` is a file of the shop's own. */
export interface SealView {
  text: string;
  verify_url: string;
  image?: string;
  proof_url?: string;
  proof_text?: string;
}

/** What stands beside the rows about data: a sentence, and the ways to the whole and to one's own. */
export interface PanelView {
  title: string;
  text: string;
  rows_title: string;
  url?: string;
  url_text?: string;
  mine_url?: string;
  mine_text?: string;
}

/** One thing that is kept: what, what for and how long. */
export interface Kept {
  what: string;
  purpose: string;
  retention: string;
}

export interface TrustView {
  title?: string;
  text: string;
  seals: SealView[];
  seals_text?: string;
  people?: PeopleView;
  panel?: PanelView;
  data?: Kept[];
}

/** The widgets that have a place on these pages; any other is left out. */
export interface Views {
  coupon?: CouponView;
  loyalty?: LoyaltyView;
  delivery?: DeliveryView;
  trust?: TrustView;
}

/** No more stamps are drawn, whatever an answer says. */
const MOST_STAMPS = 20;
const STATES: readonly string[] = ['ready', 'pending', 'void', 'redeemed', 'none'];

/** The views in an answer's body, undefined when it is none of the app's answers. */
export function readViews(body: unknown): Views | undefined {
  if (!isRecord(body) || !isRecord(body.widgets)) return undefined;
  const coupon = readCoupon(body.widgets.coupon);
  const loyalty = readLoyalty(body.widgets.loyalty);
  const delivery = readDelivery(body.widgets.delivery);
  const trust = readTrust(body.widgets.trust);
  return {...(coupon && {coupon}), ...(loyalty && {loyalty}), ...(delivery && {delivery}), ...(trust && {trust})};
}

function readCoupon(view: unknown): CouponView | undefined {
  if (!isRecord(view) || view.shown === false || !STATES.includes(view.state as string)) return undefined;
  const url = text(view, 'apply_url');
  const sheet = text(view, 'print_url');
  return {
    state: view.state as CouponState,
    text: text(view, 'text').text ?? '',
    ...text(view, 'title'),
    ...text(view, 'value_text'),
    ...text(view, 'code'),
    ...(/^https?:\/\//.test(url.apply_url ?? '') && url),
    ...text(view, 'note'),
    ...text(view, 'copy_text'),
    ...text(view, 'copied_text'),
    ...text(view, 'apply_text'),
    ...(/^https?:\/\//.test(sheet.print_url ?? '') && sheet),
    ...text(view, 'print_text'),
    ...readStamps(view.stamps),
  };
}

function readStamps(view: unknown): {stamps?: StampsView} {
  if (!isRecord(view) || typeof view.have !== 'number' || typeof view.of !== 'number') return {};
  const {have, of} = view;
  const words = {label: text(view, 'label').label ?? '', text: text(view, 'text').text ?? ''};
  return {stamps: {have, of, ...words, drawn: view.drawn === true && of <= MOST_STAMPS}};
}

function readLoyalty(view: unknown): LoyaltyView | undefined {
  if (!isRecord(view)) return undefined;
  const account = text(view, 'account_url');
  const statement = text(view, 'statement_url');
  return {
    text: text(view, 'text').text ?? '',
    ...text(view, 'title'),
    ...text(view, 'guest_text'),
    ...(/^https?:\/\//.test(account.account_url ?? '') && account),
    ...text(view, 'account_text'),
    ...(/^https?:\/\//.test(statement.statement_url ?? '') && statement),
    ...text(view, 'statement_text'),
    ...(isRecord(view.order) && {...text(view.order, 'breakdown'), ...text(view.order, 'note')}),
    ...(isRecord(view.tier) && {tier: readTier(view.tier)}),
    order: isRecord(view.order),
    figures: list(view.figures).filter(isFigure),
    rewards: list(view.rewards).filter(isReward).map(readReward),
    ...text(view, 'rewards_title'),
    ...text(view, 'redeem_text'),
    ...link(view, 'redeem_url'),
    codes: list(view.codes).filter(isCode).map(readCode),
    endings: list(view.endings).flatMap((ending) => (isRecord(ending) ? (text(ending, 'text').text ?? []) : [])),
    entries: list(view.entries).filter(isEntry),
  };
}

function readReward(reward: Reward & Record<string, unknown>): Reward {
  return {title: reward.title, cost: reward.cost, ...text(reward, 'cost_text'), ...text(reward, 'note')};
}

function readCode(code: RewardCode & Record<string, unknown>): RewardCode {
  return {
    title: code.title,
    text: code.text,
    ...text(code, 'code'),
    ...link(code, 'apply_url'),
    ...text(code, 'apply_text'),
    ...text(code, 'copy_text'),
    ...text(code, 'copied_text'),
  };
}

function readTrust(view: unknown): TrustView | undefined {
  if (!isRecord(view)) return undefined;
  return {
    text: text(view, 'text').text ?? '',
    ...text(view, 'title'),
    seals: list(view.seals).filter(isSeal).map(readSeal),
    ...text(view, 'seals_text'),
    ...(isRecord(view.people) && {people: readPeople(view.people)}),
    ...(isRecord(view.panel) && {panel: readPanel(view.panel), data: list(view.data).filter(isKept).map(readKept)}),
  };
}

function readSeal(seal: SealView & Record<string, unknown>): SealView {
  return {
    text: seal.text,
    verify_url: seal.verify_url,
    ...link(seal, 'image'),
    ...link(seal, 'proof_url'),
    ...text(seal, 'proof_text'),
  };
}

function readPanel(view: Record<string, unknown>): PanelView {
  return {
    title: text(view, 'title').title ?? '',
    text: text(view, 'text').text ?? '',
    rows_title: text(view, 'rows_title').rows_title ?? '',
    ...link(view, 'url'),
    ...text(view, 'url_text'),
    ...link(view, 'mine_url'),
    ...text(view, 'mine_text'),
  };
}

function readKept({what, purpose, retention}: Kept): Kept {
  return {what, purpose, retention};
}

function readPeople(view: Record<string, unknown>): PeopleView {
  return {
    ...text(view, 'title'),
    names: list(view.names).filter(isPerson).map(({name, about}) => ({name, about})),
    ...text(view, 'reach_title'),
    ...text(view, 'hours'),
    ways: list(view.ways).filter(isWay).map(readWay),
  };
}

function readWay(way: Way & Record<string, unknown>): Way {
  return {text: way.text, ...(/^(mailto|tel):/.test(way.url ?? '') && text(way, 'url'))};
}

function readTier(view: Record<string, unknown>): TierView {
  return {
    ...text(view, 'title'),
    ...text(view, 'multiplier_text'),
    ...(isRecord(view.next) && text(view.next, 'missing_text')),
  };
}

function isFigure(value: unknown): value is [string, string] {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'string');
}

function isCode(value: unknown): value is RewardCode & Record<string, unknown> {
  return isRecord(value) && typeof value.title === 'string' && typeof value.text === 'string';
}

function isSeal(value: unknown): value is SealView & Record<string, unknown> {
  return isRecord(value) && typeof value.text === 'string' && /^https:\/\//.test(String(value.verify_url));
}

function isPerson(value: unknown): value is Person & Record<string, unknown> {
  return isRecord(value) && typeof value.name === 'string' && typeof value.about === 'string';
}

function isKept(value: unknown): value is Kept {
  return isRecord(value) && ['what', 'purpose', 'retention'].every((key) => typeof value[key] === 'string');
}

function isWay(value: unknown): value is Way & Record<string, unknown> {
  return isRecord(value) && typeof value.text === 'string';
}

function isReward(value: unknown): value is Reward & Record<string, unknown> {
  return isRecord(value) && typeof value.title === 'string' && typeof value.cost === 'number';
}

function isEntry(value: unknown): value is Entry {
  return (
    isRecord(value) &&
    typeof value.text === 'string' &&
    typeof value.points === 'number' &&
    /^\d{4}-\d{2}-\d{2}$/.test(String(value.on))
  );
}
