// Fields of an answer, as objects to spread or lists to read; whatever is not what it should be is left out.

/** The field as an object to spread: empty unless it leads to a page. */
export function link<K extends string>(view: Record<string, unknown>, key: K): {[P in K]?: string} {
  const found = text(view, key);
  return /^https?:\/\//.test(found[key] ?? '') ? found : {};
}

/** The field as an object to spread: empty unless it holds a text. */
export function text<K extends string>(view: Record<string, unknown>, key: K): {[P in K]?: string} {
  const value = view[key];
  return (typeof value === 'string' && value !== '' ? {[key]: value} : {}) as {[P in K]?: string};
}

export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
