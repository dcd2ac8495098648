import type {Kept, PanelView} from './views';

/** What is kept about people, folded away, with the ways to the whole of it and to one's own record. */
export function Data({panel, rows}: {panel: PanelView; rows: Kept[]}) {
  const {url, url_text: whole, mine_url: mineUrl, mine_text: mine} = panel;
  return (
    <s-stack gap="small-200">
      <s-stack>
        <s-text type="strong">{panel.title}</s-text>
        <s-text color="subdued">{panel.text}</s-text>
      </s-stack>
      {rows.length > 0 && (
        <s-details>
          <s-summary>{panel.rows_title}</s-summary>
          <s-stack gap="small-200">
            {rows.map(({what, purpose, retention}) => (
              <s-stack key={what}>
                <s-text>{what}</s-text>
                <s-text color="subdued">{`${purpose} ${retention}`}</s-text>
              </s-stack>
            ))}
          </s-stack>
        </s-details>
      )}
      {url && whole && <s-link href={url}>{whole}</s-link>}
      {mineUrl && mine && <s-link href={mineUrl}>{mine}</s-link>}
    </s-stack>
  );
}
