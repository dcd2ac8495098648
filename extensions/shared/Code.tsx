import {useState} from 'preact/hooks';

/** What a button that copies says before and after; nothing where the app sent no words. */
export interface CopyWords {
  copy_text?: string | undefined;
  copied_text?: string | undefined;
}

/** A code to be read and copied; `id` names its clipboard, once on a page. */
export function Code({code, words, id}: {code: string; words: CopyWords; id: string}) {
  const [copied, setCopied] = useState(false);
  const label = copied ? (words.copied_text ?? words.copy_text) : words.copy_text;
  return (
    <s-box background="subdued" borderRadius="base" padding="small-200 small-200 small-200 base">
      <s-stack direction="inline" gap="small-100" alignItems="center" justifyContent="space-between">
        <s-text type="strong">{code}</s-text>
        <s-button variant="secondary" command="--copy" commandFor={id} {...(!label && {accessibilityLabel: code})}>
          {label ?? <s-icon type={copied ? 'check' : 'clipboard'} />}
        </s-button>
      </s-stack>
      <s-clipboard-item id={id} text={code} onCopy={() => setCopied(true)} />
    </s-box>
  );
}
