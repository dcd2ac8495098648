import type {Page} from './page';
import type {LoyaltyView} from './views';

/** The balance as the customer metafield `$app:points` holds it: Shopify has it before anybody is asked. */
export interface Balance {
  available: number;
  pending: number;
  debt: number;
}

/** What an order page is given of the metafields that its configuration names. */
export interface MetafieldEntry {
  target: {type: string};
  metafield: {namespace: string; key: string; value: string | number | boolean};
}

const ACCOUNT_API = 'shopify://customer-account/api/2026-07/graphql.json';
const QUERY = 'query Points { customer { metafield(namespace: "$app", key: "points") { value } } }';

/** The balance among a page's metafields, undefined when Shopify has none. */
export function balanceIn(entries: readonly MetafieldEntry[] | undefined): Balance | undefined {
  const own = entries?.find(({target, metafield}) => target.type === 'customer' && metafield.key === 'points');
  return readBalance(own?.metafield.value);
}

/** Shopify's own answer about the signed-in customer; the app is not asked. Whatever goes wrong is no balance. */
export async function askBalance(): Promise<Balance | undefined> {
  try {
    const response = await fetch(ACCOUNT_API, {
      method: 'POST',
      headers: {'Content-Type': 'application/json'},
      body: JSON.stringify({query: QUERY}),
    });
    const {data} = (await response.json()) as {data?: {customer?: {metafield?: {value?: unknown} | null}}};
    return readBalance(data?.customer?.metafield?.value);
  } catch {
    return undefined;
  }
}

/** The figures until the app says more; what is worded there are labels alone. */
export function balanceView({available, pending, debt}: Balance, {say, number}: Page): LoyaltyView {
  return {
    title: say('points.title'),
    text: '',
    order: false,
    figures: [
      [say('points.spend'), number(available)],
      ...(pending > 0 ? [[say('points.coming'), `+${number(pending)}`] as [string, string]] : []),
      ...(debt > 0 ? [[say('points.owed'), number(debt)] as [string, string]] : []),
    ],
    rewards: [],
    codes: [],
    endings: [],
    entries: [],
  };
}

function readBalance(value: unknown): Balance | undefined {
  if (typeof value !== 'string') return undefined;
  try {
    const {available, pending, debt} = JSON.parse(value) as Record<string, unknown>;
    return isCount(available) && isCount(pending) && isCount(debt) ? {available, pending, debt} : undefined;
  } catch {
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
