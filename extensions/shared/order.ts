/**
 * The numeric tail of an order's gid, as text: ids outgrow what a number holds exactly. The thank-you page may name
 * the order before it exists (`OrderIdentity`); the tail is the same.
 */
export function orderNumber(gid: string | undefined): string | undefined {
  return /^gid:\/\/shopify\/Order(?:Identity)?\/([1-9]\d{0,18})(?:\?|$)/.exec(gid ?? '')?.[1];
}
