import type {ComponentChildren} from 'preact';

/** The frame that everything of ours stands in, so that a skeleton and what replaces it are of one size. */
export function Card({title, children}: {title?: string | undefined; children?: ComponentChildren}) {
  return (
    <s-box border="base" borderRadius="large" padding="base">
      <s-stack gap="small-100">
        {title && <s-heading>{title}</s-heading>}
        {children}
      </s-stack>
    </s-box>
  );
}

/** One quiet sentence, told to screen readers when it appears. */
export function Note({text}: {text: string}) {
  return (
    <s-stack accessibilityRole="status">
      <s-paragraph color="subdued">{text}</s-paragraph>
    </s-stack>
  );
}
