// The s-* elements of checkout and account pages, as far as extensions here use them, in the look of Shopify's checkout.
import {ask, tell} from './ask.js';

const SPACE = {
  none: 0, 'small-500': 2, 'small-400': 4, 'small-300': 6, 'small-200': 8, 'small-100': 11, small: 11,
  base: 16, large: 20, 'large-100': 20, 'large-200': 24, 'large-300': 32, 'large-400': 40, 'large-500': 48,
};
const RADIUS = {none: '0', small: '4px', base: 'var(--radius)', large: 'calc(var(--radius) + 4px)', max: '999px'};
const GROUND = {transparent: 'transparent', base: '#fff', subdued: 'var(--ground)'};

const space = (text) => text.split(' ').map((word) => (word in SPACE ? `${SPACE[word]}px` : word)).join(' ');
const radius = (text) => text.split(' ').map((word) => RADIUS[word] ?? word).join(' ');

/** Attribute -> what it does to the element's style. */
const STYLES = {
  gap: (style, value) => (style.gap = space(value)),
  rowgap: (style, value) => (style.rowGap = space(value)),
  columngap: (style, value) => (style.columnGap = space(value)),
  padding: (style, value) => (style.padding = space(value)),
  paddingblock: (style, value) => (style.paddingBlock = space(value)),
  paddinginline: (style, value) => (style.paddingInline = space(value)),
  background: (style, value) => (style.background = GROUND[value] ?? value),
  border: (style, value) => (style.border = value === 'none' ? '0' : '1px solid var(--line)'),
  borderradius: (style, value) => (style.borderRadius = radius(value)),
  minblocksize: (style, value) => (style.minBlockSize = value),
  maxblocksize: (style, value) => (style.maxBlockSize = value),
  blocksize: (style, value) => (style.blockSize = value),
  inlinesize: (style, value) => (style.inlineSize = value),
  mininlinesize: (style, value) => (style.minInlineSize = value),
  maxinlinesize: (style, value) => (style.maxInlineSize = value),
  alignitems: (style, value) => (style.alignItems = value),
  aligncontent: (style, value) => (style.alignContent = value),
  justifycontent: (style, value) => (style.justifyContent = value),
  justifyitems: (style, value) => (style.justifyItems = value),
  gridtemplatecolumns: (style, value) => (style.gridTemplateColumns = value),
  gridtemplaterows: (style, value) => (style.gridTemplateRows = value),
  direction: (style, value) => (style.flexFlow = value === 'inline' ? 'row wrap' : 'column'),
};

class Element extends HTMLElement {
  static css = ':host{display:block}';
  static inner = '<slot></slot>';
  static watched = [];

  static get observedAttributes() {
    return ['accessibilityrole', 'accessibilitylabel', ...Object.keys(STYLES), ...this.watched];
  }

  constructor() {
    super();
    const root = this.attachShadow({mode: 'open', delegatesFocus: true});
    root.innerHTML = `<style>${this.constructor.css}:host([hidden]){display:none}</style>${this.constructor.inner}`;
  }

  attributeChangedCallback(name, _, value) {
    if (name in STYLES) STYLES[name](this.style, value ?? '');
    else if (name === 'accessibilityrole') this.role = value;
    else if (name === 'accessibilitylabel' && !this.part('control')) this.ariaLabel = value;
    this.changed();
  }

  connectedCallback() {
    this.changed();
  }

  changed() {}

  part(name) {
    return this.shadowRoot.querySelector(`[part=${name}]`);
  }

  given(name) {
    return this.getAttribute(name) ?? '';
  }
}

const FLEX = ':host{display:flex;flex-flow:column;min-width:0}';
const TEXT = `:host{font-size:var(--size,inherit)}:host([color=subdued]){color:var(--subdued)}:host([tone=success]){color:#116b3c}
:host([tone=critical]){color:#a32a14}:host([tone=warning]){color:#7a4b00}:host([type=strong]){font-weight:600}:host([type=small]){--size:.8667em}`;

class Heading extends Element {
  static css = `:host{display:block;font-size:1.0667em;line-height:1.3;font-weight:600;letter-spacing:-.005em}`;

  connectedCallback() {
    if (this.given('accessibilityrole') === 'none') {
      this.role = 'presentation';
      return;
    }
    this.role = 'heading';
    this.ariaLevel = '2';
  }

  changed() {}
}

class Link extends Element {
  static css = `:host{display:inline}a{color:var(--accent);text-underline-offset:.2em}a:hover{filter:brightness(1.2)}
a:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:2px}`;
  static inner = '<a part="control"><slot></slot></a>';
  static watched = ['href', 'target'];

  changed() {
    const control = this.part('control');
    if (this.hasAttribute('href')) control.href = this.given('href');
    if (this.hasAttribute('accessibilitylabel')) control.ariaLabel = this.given('accessibilitylabel');
  }

  constructor() {
    super();
    this.part('control').addEventListener('click', (event) => follow(event, this));
  }
}

function follow(event, element) {
  if (!element.hasAttribute('href')) return;
  event.preventDefault();
  ask('open', {address: element.given('href'), blank: element.given('target') === '_blank'});
}

class Button extends Element {
  static css = `:host{display:inline-block}button{font:inherit;font-weight:500;line-height:1.2;min-height:44px;width:100%;padding:8px 16px;border-radius:var(--radius);
border:1px solid var(--accent);background:var(--accent);color:#fff;cursor:pointer;display:inline-flex;gap:6px;align-items:center;justify-content:center}
:host([variant=secondary]) button{background:#fff;border-color:#8a8f94;color:var(--ink)}:host([variant=plain]) button{background:none;border-color:transparent;color:var(--accent)}
button:hover{filter:brightness(1.06)}:host([variant=secondary]) button:hover{background:#f7f7f7;filter:none}button:disabled{opacity:.55;cursor:default}
button:focus-visible{outline:2px solid var(--accent);outline-offset:2px}`;
  static inner = '<button type="button" part="control"><slot></slot></button>';
  static watched = ['disabled', 'loading', 'href'];

  constructor() {
    super();
    this.part('control').addEventListener('click', (event) => {
      follow(event, this);
      const target = this.getRootNode().getElementById?.(this.given('commandfor'));
      target?.command?.(this.given('command') || '--auto');
    });
  }

  changed() {
    const control = this.part('control');
    control.disabled = this.hasAttribute('disabled') || this.hasAttribute('loading');
    if (this.hasAttribute('accessibilitylabel')) control.ariaLabel = this.given('accessibilitylabel');
    else control.removeAttribute('aria-label');
  }
}

class ClipboardItem extends Element {
  static css = ':host{display:none}';
  static watched = ['text'];

  /** Have the page around copy the text: a frame without an origin has no clipboard of its own. */
  async command(name) {
    if (name !== '--copy' && name !== '--auto') return;
    try {
      await ask('copy', {text: this.given('text')});
      this.dispatchEvent(new Event('copy'));
    } catch {
      this.dispatchEvent(new Event('copyerror'));
    }
  }
}

const DRAWN = {
  clipboard: 'M9 4h6v3H9zM15 5.500h3V20H6V5.500h3',
  check: 'm5 12.500 4.500 4.500L19 7.500',
  'check-circle': 'M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18Zm-4 9.500 3 3 5-6',
  info: 'M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18Zm0 8v5m0-8v.1',
  external: 'M9 6H6v12h12v-3M13 5h6v6m0-6-9 9',
  'check-circle-filled': 'M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18Zm-4 9.500 3 3 5-6',
  circle: 'M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18Z',
};

class Icon extends Element {
  static css = ':host{display:inline-flex;vertical-align:middle}svg{width:18px;height:18px;fill:none;stroke:currentColor;stroke-width:1.6;stroke-linecap:round;stroke-linejoin:round}';
  static inner = '<svg viewBox="0 0 24 24" aria-hidden="true"><path></path></svg>';
  static watched = ['type'];

  changed() {
    this.shadowRoot.querySelector('path').setAttribute('d', DRAWN[this.given('type')] ?? DRAWN.info);
  }
}

class Skeleton extends Element {
  static css = `:host{display:block}span{color:transparent;background:linear-gradient(90deg,#ececea,#f5f5f3,#ececea) 0/200% 100%;border-radius:4px;
box-decoration-break:clone;-webkit-box-decoration-break:clone;user-select:none;animation:shine 1.6s linear infinite}
@keyframes shine{to{background-position:-200% 0}}@media (prefers-reduced-motion:reduce){span{animation:none}}`;
  static inner = '<span aria-hidden="true" part="veil"></span>';
  static watched = ['content'];

  changed() {
    this.part('veil').textContent = this.given('content') || ' '.repeat(24);
  }
}

class Image extends Element {
  static css = ':host{display:block}img{display:block;max-width:100%;height:auto}';
  static inner = '<img part="picture" alt="">';
  static watched = ['src', 'alt'];

  changed() {
    Object.assign(this.part('picture'), {src: this.given('src'), alt: this.given('alt')});
  }
}

class Banner extends Element {
  static css = ':host{display:block;padding:12px 16px;border-radius:var(--radius);background:#eef4fb;border:1px solid #bcd5ef}:host([tone=success]){background:#edf7f0;border-color:#a9d5b7}:host([tone=warning]){background:#fff5e6;border-color:#eac58d}:host([tone=critical]){background:#fdeeeb;border-color:#edb3a6}b{display:block}';
  static inner = '<b part="heading"></b><slot></slot>';
  static watched = ['heading'];

  changed() {
    this.part('heading').textContent = this.given('heading');
  }
}

/** A summary is its details' own head, whichever of the two comes first. */
class Summary extends Element {
  static css = ':host{display:inline}';

  connectedCallback() {
    this.slot = 'summary';
  }
}

const plain = (css, inner) => class extends Element {
  static css = css;
  static inner = inner ?? Element.inner;
};

const KNOWN = {
  box: plain(':host{display:block;min-width:0}'),
  stack: plain(FLEX),
  grid: plain(':host{display:grid;min-width:0}'),
  'grid-item': plain(':host{display:block;min-width:0}'),
  section: plain(':host{display:block}'),
  heading: Heading,
  paragraph: plain(`:host{display:block}${TEXT}`),
  text: plain(`:host{display:inline}${TEXT}:host([type=strong]){overflow-wrap:anywhere}`),
  link: Link,
  button: Button,
  'clipboard-item': ClipboardItem,
  icon: Icon,
  'skeleton-paragraph': Skeleton,
  image: Image,
  banner: Banner,
  details: plain(':host{display:block;min-width:0}summary{cursor:pointer;padding-block:8px;color:var(--accent)}details>div{padding-block:4px 8px}', '<details><summary><slot name="summary"></slot></summary><div><slot></slot></div></details>'),
  summary: Summary,
  badge: plain(':host{display:inline-block;padding:1px 9px;border-radius:999px;background:#eee;font-size:.8667em}'),
  divider: plain(':host{display:block;border-top:1px solid var(--line)}', ''),
  'unordered-list': plain(':host{display:block;padding-inline-start:1.2em}'),
  'list-item': plain(':host{display:list-item}'),
  time: plain(':host{display:inline}'),
};

for (const [name, kind] of Object.entries(KNOWN)) customElements.define(`s-${name}`, kind);
tell('ready');
