/**
 * Fills every place of ours on a storefront page from one request. It sets no cookie, speaks to the shop's own domain
 * and its CDN only, moves nothing that a visitor sees, and leaves the page as it was when anything fails. The country
 * and the postal code that a visitor chose for a delivery stay in the browser, and nothing else does.
 *
 * A place is an element that the theme's blocks render: `data-dankbar-block` names the widget, `data-proxy` the path
 * of the app proxy, `data-css` and `data-htmx` the assets; its style reserves the height.
 */

const SLOW = 5000;
const KEPT = 'dankbar-';
const PLACE = '[data-dankbar-block]:not([data-dankbar-state])';

/** Names by which widespread theme families say the colour of their buttons; the value may be bare channels. */
const BUTTON_COLOURS = ['--color-button', '--color-primary-button-background', '--color-base-accent-1'];

interface Htmx {
  initialize: () => void;
  process: (node: Element) => void;
}

function fill(): void {
  const places = [...document.querySelectorAll<HTMLElement>(PLACE)];
  if (places.length === 0) return;
  for (const place of places) place.dataset.dankbarState = 'asked';
  styled ??= style(places[0]!.dataset.css);
  answer(places)
    .then((found) => styled!.then(() => places.forEach((place) => show(place, found[place.dataset.dankbarBlock!]))))
    .catch(() => places.forEach((place) => show(place)));
}

let styled: Promise<unknown> | undefined;

async function answer(places: HTMLElement[]): Promise<Record<string, unknown>> {
  const {proxy = '', locale = ''} = places[0]!.dataset;
  const names = [...new Set(places.map((place) => place.dataset.dankbarBlock))].join();
  const query = new URLSearchParams({names, locale});
  for (const {dataset} of places) {
    if (dataset.country !== undefined) {
      for (const name of ['country', 'zip', 'product']) query.set(name, chosen(name) ?? dataset[name] ?? '');
    }
  }
  const response = await fetch(`${proxy}/widgets?${query}`, {
    headers: {Accept: 'application/json'},
    signal: AbortSignal.timeout(SLOW),
  });
  if (!response.ok) throw response;
  return (await response.json()) ?? {};
}

/** The country or postal code that this visitor chose before, where the browser may tell. */
function chosen(name: string): string | null {
  try {
    return localStorage.getItem(KEPT + name);
  } catch {
    return null;
  }
}

/** Ask again for what was chosen; where it cannot be kept, it holds for this page. */
function choose({target}: Event): void {
  const {name, value} = target as HTMLSelectElement;
  if (name !== 'country' && name !== 'zip') return;
  try {
    localStorage.setItem(KEPT + name, value);
  } catch {}
  for (const place of document.querySelectorAll<HTMLElement>('[data-country]')) {
    place.dataset[name] = value;
    delete place.dataset.dankbarState;
  }
  fill();
}

/** Resolves when the style sheet is there, or cannot be had. */
function style(href = ''): Promise<unknown> {
  return new Promise((resolve) => {
    const link = document.createElement('link');
    Object.assign(link, {rel: 'stylesheet', href, onload: resolve, onerror: resolve});
    document.head.append(link);
  });
}

/** What was not answered leaves its place empty; where the answer is that there is nothing, a place may say so. */
function show(place: HTMLElement, html?: unknown): void {
  const template = document.createElement('template');
  if (typeof html === 'string') template.innerHTML = html;
  const widget =
    template.content.querySelector<HTMLElement>(`[data-dankbar="${place.dataset.dankbarBlock}"]`) ??
    (html === null && place.querySelector<HTMLElement>('.none'));
  if (!widget) {
    place.dataset.dankbarState = 'empty';
    place.querySelector('form')?.reset();
    settle(place, () => (place.hidden = !place.querySelector('p')));
    return;
  }
  place.dataset.dankbarState = 'shown';
  tint(place);
  const held = place.contains(document.activeElement) && (document.activeElement as HTMLInputElement).name;
  place.replaceChildren(widget);
  widget.hidden = false;
  if (held) place.querySelector<HTMLElement>(`[name=${held}]`)?.focus();
  dress(place);
  settle(place, () => (place.style.minHeight = ''));
  place.addEventListener('click', copy);
  place.addEventListener('change', choose);
  if (/<[^>]+\s(data-)?hx-/.test(html as string)) enliven(place);
}

/**
 * Keep the reserved height while the visitor looks at it; let go once that moves nothing in view (the place is below
 * the window, or ends below it and only grows: above it, the end of a page would be drawn up), or on a touch. It does
 * not scroll inside, so that nothing in it moves when it is let go and the first click hits what it was meant for; where
 * something was brought into view in it all the same, the window makes up for it. The keyboard reaches what is cut off.
 * What an observer tells may be a scroll ago: just before the frame it is asked again where the place is.
 */
function settle(place: HTMLElement, change: () => void): void {
  const {style} = place;
  const release = (): void => {
    watch.disconnect();
    style.height = style.overflow = '';
    place.removeAttribute('tabindex');
    change();
  };
  style.height = style.minHeight;
  style.overflow = 'hidden';
  const grows = place.scrollHeight > place.clientHeight;
  if (grows) place.tabIndex = 0;
  const below = (): void => {
    if (place.getBoundingClientRect()[grows ? 'bottom' : 'top'] >= innerHeight) release();
  };
  const watch = new IntersectionObserver(() => requestAnimationFrame(below), {threshold: [0, 1]});
  watch.observe(place);
  const touched = (): void => {
    const {scrollTop} = place;
    release();
    scrollBy({top: scrollTop, behavior: 'instant'});
  };
  for (const touch of ['pointerdown', 'focusin']) place.addEventListener(touch, touched, {once: true});
}

/** The theme's text, ground and button colour, where the merchant chose none. */
function tint(place: HTMLElement): void {
  const theme = getComputedStyle(place);
  const of = (name: string): string => theme.getPropertyValue(name).trim();
  const take = (name: string, value: string | undefined): void => {
    if (value && !of(name)) place.style.setProperty(name, value);
  };
  if (!of('--dankbar-paper')) {
    take('--dankbar-ink', theme.color);
    take('--dankbar-paper', 'transparent');
  }
  const colours = BUTTON_COLOURS.map(of).flatMap((value) => (value ? [`rgb(${value})`, value] : []));
  take(
    '--dankbar-accent',
    colours.find((colour) => CSS.supports('color', colour)),
  );
}

/**
 * The merchant's heading in place of the widget's own; a code that leads to the cart, where it shows, or back to this
 * page while nothing is in it; a button that copies, where a page may write to the clipboard.
 */
function dress(place: HTMLElement): void {
  const {heading, back = location.pathname + location.search} = place.dataset;
  const title = place.querySelector('h2');
  if (title && heading) title.textContent = heading;
  for (const link of place.querySelectorAll<HTMLAnchorElement>('[href^="/discount/"]')) {
    link.search = `redirect=${encodeURIComponent(back)}`;
  }
  for (const button of place.querySelectorAll<HTMLElement>('[data-dankbar-copy]')) button.hidden = !navigator.clipboard;
}

function copy(event: Event): void {
  const button = (event.target as Element).closest<HTMLElement>('[data-dankbar-copy]');
  if (!button) return;
  const {dankbarCopy: code, dankbarCopied: copied} = button.dataset;
  navigator.clipboard.writeText(code!).then(
    () => copied && (button.textContent = copied),
    () => {},
  );
}

/**
 * Load htmx at the first sign of use, and hold a click until it is there; at once where the widget waits for something.
 * Whoever pressed a button that is gone since then goes on at what the answer says.
 */
function enliven(place: HTMLElement): void {
  const signs = ['pointerover', 'focusin', 'click'];
  const live = async (): Promise<void> => {
    const htmx = await (loading ??= load(place.dataset.htmx!)).catch(() => {});
    for (const sign of signs) place.removeEventListener(sign, wake, true);
    if (place.dataset.dankbarLive) return;
    place.dataset.dankbarLive = '';
    place.addEventListener('htmx:after:settle', () => {
      dress(place);
      if (document.activeElement === document.body) place.querySelector<HTMLElement>('[data-dankbar-said]')?.focus();
    });
    htmx?.process(place);
  };
  const wake = async (event: Event): Promise<void> => {
    const control = (event.target as Element).closest<HTMLElement>('button,a,input,summary');
    const held = event.type === 'click' && control?.closest('[hx-get],[hx-post],[data-hx-get],[data-hx-post]');
    if (held) {
      event.preventDefault();
      event.stopPropagation();
    }
    await live();
    if (held) control!.click();
  };
  for (const sign of signs) place.addEventListener(sign, wake, true);
  if (place.querySelector('[hx-trigger]')) void live();
}

let loading: Promise<Htmx> | undefined;

/**
 * Our own htmx, without a global name, so that a theme's htmx stays what it is. By itself it would take over the whole
 * page and the visitor's way back: the configuration must stand first, and its start is replaced before it comes.
 */
async function load(address: string): Promise<Htmx> {
  const meta = document.createElement('meta');
  meta.name = 'htmx-config';
  meta.content = '{"history":false,"includeIndicatorCSS":false,"noSwap":[204,304,"4xx","5xx"]}';
  document.head.prepend(meta);
  const {default: htmx} = (await import(address)) as {default: Htmx};
  htmx.initialize = () => {};
  meta.remove();
  return htmx;
}

fill();
document.addEventListener('shopify:section:load', fill);
