// A stand-in for Polaris' web components: the elements that app pages use, plainly drawn, light and dark.
const INK = 'light-dark(#303030,#e3e3e3)';
const SOFT = 'light-dark(#616161,#a9a9a9)';
const LINE = 'light-dark(#e3e3e3,#3a3a3a)';
const EDGE = 'light-dark(#8a8a8a,#7a7a7a)';
const SHEET = 'light-dark(#fff,#1f1f1f)';
const STRONG = 'light-dark(#303030,#e3e3e3)';
const ON_STRONG = 'light-dark(#fff,#1a1a1a)';
const LINK = 'light-dark(#005bd3,#79b4ff)';
const FOCUS = 'outline:2px solid light-dark(#005bd3,#79b4ff);outline-offset:1px';
const TONES = {
  info: ['light-dark(#eaf4ff,#10294a)', 'light-dark(#00527c,#9ccbff)'],
  success: ['light-dark(#cdfee1,#0c3b22)', 'light-dark(#0c5132,#8fe3b0)'],
  warning: ['light-dark(#fff1e3,#46290a)', 'light-dark(#5e4200,#ffc98a)'],
  caution: ['light-dark(#fff8db,#403808)', 'light-dark(#4f4700,#f0df8c)'],
  critical: ['light-dark(#fee8eb,#4d1515)', 'light-dark(#8e0b21,#ffb3ab)'],
  neutral: ['light-dark(#ebebeb,#333)', INK],
};
const GAPS = {
  none: 0, 'small-500': 2, 'small-400': 4, 'small-300': 6, 'small-200': 8, 'small-100': 12, small: 12,
  base: 16, large: 20, 'large-100': 20, 'large-200': 24, 'large-300': 32, 'large-400': 40, 'large-500': 48,
};
const RADII = {none: 0, small: 6, base: 8, large: 12, 'large-100': 12, max: 999};
const gap = (text) => text.split(' ').map((word) => (word in GAPS ? `${GAPS[word]}px` : word)).join(' ');

const LAYOUT = {
  gap: (style, value) => (style.gap = gap(value)),
  rowgap: (style, value) => (style.rowGap = gap(value)),
  columngap: (style, value) => (style.columnGap = gap(value)),
  padding: (style, value) => (style.padding = gap(value)),
  paddingblock: (style, value) => (style.paddingBlock = gap(value)),
  paddinginline: (style, value) => (style.paddingInline = gap(value)),
  background: (style, value) => (style.background = {base: SHEET, subdued: 'light-dark(#f7f7f7,#262626)'}[value] ?? 'transparent'),
  border: (style, value) => (style.border = value === 'none' ? '0' : `1px solid ${LINE}`),
  borderradius: (style, value) => (style.borderRadius = `${RADII[value] ?? 8}px`),
  direction: (style, value) => (style.flexFlow = value === 'inline' ? 'row wrap' : 'column'),
  alignitems: (style, value) => (style.alignItems = value),
  justifycontent: (style, value) => (style.justifyContent = value),
  gridtemplatecolumns: (style, value) => (style.gridTemplateColumns = value),
  inlinesize: (style, value) => (style.inlineSize = /^\d|%/.test(value) ? value : ''),
  mininlinesize: (style, value) => (style.minInlineSize = value),
  maxinlinesize: (style, value) => (style.maxInlineSize = value),
  blocksize: (style, value) => (style.blockSize = value),
  minblocksize: (style, value) => (style.minBlockSize = value),
};

const rootSheet = new CSSStyleSheet();
rootSheet.replaceSync(`:root{color-scheme:light dark}body{background:light-dark(#f1f1f1,#141414);color:${INK}}`);
document.adoptedStyleSheets = [...document.adoptedStyleSheets, rootSheet];

/** One sheet for each kind of element, adopted by every element of it: a page's CSP has no say in it. */
function sheetOf(css) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`*{box-sizing:border-box}${css}:host([hidden]){display:none!important}`);
  return sheet;
}

class PolarisElement extends HTMLElement {
  static css = ':host{display:block}';
  static inner = '<slot></slot>';
  static watched = [];

  static get observedAttributes() {
    return [...this.watched, ...Object.keys(LAYOUT), 'accessibilityrole', 'accessibilitylabel'];
  }

  constructor() {
    super();
    const kind = this.constructor;
    if (!Object.hasOwn(kind, 'sheet')) kind.sheet = sheetOf(kind.css);
    const root = this.attachShadow({mode: 'open', delegatesFocus: true});
    root.adoptedStyleSheets = [kind.sheet];
    root.innerHTML = kind.inner;
  }

  attributeChangedCallback(name, _, value) {
    if (name in LAYOUT) LAYOUT[name](this.style, value ?? '');
    else if (name === 'accessibilityrole' && !this.part('control')) this.role = value;
    this.changed(name);
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

const define = (name, kind) => customElements.define(`s-${name}`, kind);
const simple = (css, inner) => class extends PolarisElement {
  static css = css;
  static inner = inner ?? PolarisElement.inner;
};
