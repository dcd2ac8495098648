import {Card} from './Card';
import {Line} from './Line';
import type {Page} from './page';
import {Rewards} from './Rewards';
import type {Entry, LoyaltyView, TierView} from './views';

const NEWEST = 5;

/** Points: of this order for whoever may see it, of the account for its customer. */
export function Loyalty({view, page}: {view: LoyaltyView; page: Page}) {
  const {title, text, figures} = view;
  const entries = page.aboutOrder ? [] : view.entries.slice(0, NEWEST);
  return (
    <Card title={title}>
      {figures.length > 0 && <Figures figures={figures} />}
      {text && (view.order || figures.length === 0) && <s-paragraph color="subdued">{text}</s-paragraph>}
      {view.breakdown && (
        <s-paragraph type="small" color="subdued">
          {view.breakdown}
        </s-paragraph>
      )}
      {view.note && <s-paragraph color="subdued">{view.note}</s-paragraph>}
      {view.tier && <Tier tier={view.tier} />}
      {view.guest_text && <Guest view={view} />}
      {view.endings.map((ending) => (
        <s-paragraph key={ending} type="small" color="subdued">
          {ending}
        </s-paragraph>
      ))}
      <Rewards view={view} number={page.number} />
      {entries.map((entry, index) => (
        <Line key={index} left={entry.text} below={day(entry, page)} right={signed(entry, page)} />
      ))}
      {entries.length > 0 && view.statement_url && view.statement_text && (
        <s-link href={view.statement_url}>{view.statement_text}</s-link>
      )}
    </Card>
  );
}

/** How a guest gets at the points of their order: one sentence and, where the app knows it, the way. */
function Guest({view}: {view: LoyaltyView}) {
  return (
    <s-stack gap="small-100">
      <s-paragraph color="subdued">{view.guest_text}</s-paragraph>
      {view.account_url && view.account_text && <s-link href={view.account_url}>{view.account_text}</s-link>}
    </s-stack>
  );
}

/** The tier held now with what it brings, and what is missing to the next. */
function Tier({tier}: {tier: TierView}) {
  const {title, multiplier_text: brings, missing_text: missing} = tier;
  return (
    <s-stack>
      {title && <s-text type="strong">{title}</s-text>}
      {brings && <s-text color="subdued">{brings}</s-text>}
      {missing && <s-text color="subdued">{missing}</s-text>}
    </s-stack>
  );
}

function Figures({figures}: Pick<LoyaltyView, 'figures'>) {
  return (
    <s-stack direction="inline" gap="large">
      {figures.map(([label, number]) => (
        <s-stack key={label}>
          <s-heading accessibilityRole="none">{number}</s-heading>
          <s-text color="subdued">{label}</s-text>
        </s-stack>
      ))}
    </s-stack>
  );
}

/** A calendar day stays the day it is, wherever the shopper is: the page formats it in UTC, as it is read here. */
function day(entry: Entry, page: Page): string {
  return page.date(new Date(`${entry.on}T00:00:00Z`));
}

function signed(entry: Entry, page: Page): string {
  return `${entry.points > 0 ? '+' : '−'}${page.number(Math.abs(entry.points))}`;
}
