import {Code} from './Code';
import {Line} from './Line';
import type {LoyaltyView, RewardCode} from './views';

/** The codes a customer bought, then what else their points buy; redeeming itself is done in the shop. */
export function Rewards({view, number}: {view: LoyaltyView; number: (value: number) => string}) {
  const {codes, rewards} = view;
  return (
    <>
      {codes.map((code, index) => (
        <Bought key={code.code ?? index} code={code} id={`dankbar-reward-${index}`} />
      ))}
      {rewards.length > 0 && view.rewards_title && <s-text type="strong">{view.rewards_title}</s-text>}
      {rewards.map((reward) => (
        <Line
          key={reward.title}
          left={reward.title}
          below={reward.note}
          right={reward.cost_text ?? number(reward.cost)}
        />
      ))}
      {view.redeem_url && view.redeem_text && <s-link href={view.redeem_url}>{view.redeem_text}</s-link>}
    </>
  );
}

function Bought({code, id}: {code: RewardCode; id: string}) {
  return (
    <s-stack gap="small-100">
      <s-text type="strong">{code.title}</s-text>
      {code.code && <Code code={code.code} words={code} id={id} />}
      {code.code && code.apply_url && <s-link href={code.apply_url}>{code.apply_text ?? code.title}</s-link>}
      <s-paragraph type="small" color="subdued">
        {code.text}
      </s-paragraph>
    </s-stack>
  );
}
