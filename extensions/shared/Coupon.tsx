import {Card, Note} from './Card';
import {Code} from './Code';
import {Stamps} from './Stamps';
import type {CouponView} from './views';

const CLIPBOARD = 'dankbar-code';

/** A coupon in any of its states; the code is there to be copied or followed only while it can be used. */
export function Coupon({view, late}: {view: CouponView; late?: string | undefined}) {
  const {state, text, title, value_text: value, note, apply_url: url} = view;
  const usable = state === 'ready' && url && view.code;
  return (
    <Card title={title ?? (usable ? value : undefined)}>
      {text && <s-paragraph color="subdued">{text}</s-paragraph>}
      {usable && <Code code={usable} words={view} id={CLIPBOARD} />}
      {state === 'pending' && (late ? <Note text={late} /> : <s-skeleton-paragraph content="DANKE-0000-0000" />)}
      {usable && <s-link href={url}>{view.apply_text ?? value ?? usable}</s-link>}
      {usable && view.print_url && view.print_text && <s-link href={view.print_url}>{view.print_text}</s-link>}
      {note && (
        <s-paragraph type="small" color="subdued">
          {note}
        </s-paragraph>
      )}
      {view.stamps && <Stamps stamps={view.stamps} />}
    </Card>
  );
}
