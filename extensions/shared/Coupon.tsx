import {useState} from 'preact/hooks';

import {Card, Note} from './Card';
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
      {usable && <Code code={usable} view={view} />}
      {state === 'pending' && (late ? <Note text={late} /> : <s-skeleton-paragraph content="DANKE-0000-0000" />)}
      {usable && <s-link href={url}>{view.apply_text ?? value ?? usable}</s-link>}
      {note && (
        <s-paragraph type="small" color="subdued">
          {note}
        </s-paragraph>
      )}
      {view.stamps && <Stamps stamps={view.stamps} />}
    </Card>
  );
}

function Code({code, view}: {code: string; view: CouponView}) {
  const [copied, setCopied] = useState(false);
  const label = copied ? (view.copied_text ?? view.copy_text) : view.copy_text;
  return (
    <s-box background="subdued" borderRadius="base" padding="small-200 small-200 small-200 base">
      <s-stack direction="inline" gap="small-100" alignItems="center" justifyContent="space-between">
        <s-text type="strong">{code}</s-text>
        <s-button variant="secondary" command="--copy" commandFor={CLIPBOARD} {...(!label && {accessibilityLabel: code})}>
          {label ?? <s-icon type={copied ? 'check' : 'clipboard'} />}
        </s-button>
      </s-stack>
      <s-clipboard-item id={CLIPBOARD} text={code} onCopy={() => setCopied(true)} />
    </s-box>
  );
}
