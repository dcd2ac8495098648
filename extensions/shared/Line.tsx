/** A ruled line: what it is about, what is said below that, and its figure. */
export function Line({left, below, right}: {left: string; below?: string | undefined; right: string}) {
  return (
    <s-stack gap="small-100">
      <s-divider />
      <s-grid gridTemplateColumns="1fr auto" gap="base" alignItems="center">
        <s-stack>
          <s-text>{left}</s-text>
          {below && <s-text color="subdued">{below}</s-text>}
        </s-stack>
        <s-text>{right}</s-text>
      </s-grid>
    </s-stack>
  );
}
