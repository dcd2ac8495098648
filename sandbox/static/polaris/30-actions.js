// Links, buttons, lists, tables.
const BUTTON = `display:inline-flex;gap:6px;align-items:center;justify-content:center;min-height:32px;padding:5px 12px;border-radius:8px;font:inherit;font-weight:550;line-height:1.3;cursor:pointer;text-decoration:none;
border:1px solid light-dark(#dcdcdc,#4a4a4a);box-shadow:inset 0 -1px 0 light-dark(#b5b5b5,#2a2a2a);background:${SHEET};color:${INK}`;

class Link extends PolarisElement {
  static css = `:host{display:inline}a,button{font:inherit;color:var(--link,${LINK});background:none;border:0;padding:0;text-underline-offset:.2em;text-decoration:var(--line,underline);cursor:pointer;text-align:start}:is(a,button):hover{text-decoration:underline}
:is(a,button):focus-visible{${FOCUS};border-radius:3px}:host([tone=critical]) a{color:${TONES.critical[1]}}:host([tone=neutral]) a{color:inherit}`;
  static inner = '<a part="control"><slot></slot></a>';
  static watched = ['href', 'target', 'download'];

  changed() {
    const control = this.part('control');
    for (const name of ['href', 'target', 'download']) {
      if (this.hasAttribute(name)) control.setAttribute(name, this.given(name));
      else control.removeAttribute(name);
    }
    if (this.given('target') === '_blank') control.rel = 'noopener';
    if (this.hasAttribute('accessibilitylabel')) control.ariaLabel = this.given('accessibilitylabel');
  }
}

/** The element another one commands: `commandFor` names it, `command` says what. */
function command(element) {
  const target = element.getRootNode().getElementById?.(element.given('commandfor'));
  target?.command?.(element.given('command') || '--auto');
}

class Button extends PolarisElement {
  static formAssociated = true;
  static css = `:host{display:inline-block;vertical-align:middle}:host([inlinesize=fill]){display:block}:host([inlinesize=fill]) [part]{width:100%}[part=control]{${BUTTON}}
:host([variant=primary]) [part]{background:${STRONG};color:${ON_STRONG};border-color:transparent;box-shadow:none}
:host([variant=tertiary]) [part]{background:none;border-color:transparent;box-shadow:none;color:${INK};text-decoration:underline;text-underline-offset:.2em;padding-inline:4px}
:host([tone=critical]) [part]{color:${TONES.critical[1]}}:host([tone=critical][variant=primary]) [part]{background:#8e0b21;color:#fff}
[part]:hover{filter:brightness(.97)}[part]:disabled{opacity:.5;cursor:default}[part]:focus-visible{${FOCUS}}`;
  static inner = '<button type="button" part="control"><slot></slot></button>';
  static watched = ['disabled', 'loading', 'href', 'target', 'type'];

  #internals = this.attachInternals();

  constructor() {
    super();
    this.shadowRoot.addEventListener('click', () => {
      const {form} = this.#internals;
      if (this.given('type') === 'submit') form?.requestSubmit();
      else if (this.given('type') === 'reset') form?.reset();
      command(this);
    });
  }

  changed() {
    let control = this.part('control');
    if (this.hasAttribute('href') !== (control.localName === 'a')) {
      const other = document.createElement(this.hasAttribute('href') ? 'a' : 'button');
      other.setAttribute('part', 'control');
      other.append(...control.childNodes);
      control.replaceWith(other);
      control = other;
    }
    if (control.localName === 'a') {
      control.href = this.given('href');
      control.target = this.given('target');
    } else {
      control.type = 'button';
      control.disabled = this.hasAttribute('disabled') || this.hasAttribute('loading');
    }
    if (this.hasAttribute('accessibilitylabel')) control.ariaLabel = this.given('accessibilitylabel');
  }
}

const role = (name, css) => class extends PolarisElement {
  static css = css;

  connectedCallback() {
    this.role = name;
  }
};

/** Up to this width a table is a list: each row a paragraph, each cell with its header's words before it. */
const NARROW = '30rem';

class TableHeader extends PolarisElement {
  static css = `:host{display:table-cell;text-align:start;font-weight:550;font-size:12px;color:${SOFT};padding:8px 12px;border-block:1px solid ${LINE};background:light-dark(#f7f7f7,#262626);white-space:nowrap}:host(:first-child){padding-inline-start:16px}:host(:last-child){padding-inline-end:16px}:host([format=numeric]),:host([format=currency]){text-align:end}`;

  connectedCallback() {
    this.role = 'columnheader';
  }
}

class TableCell extends PolarisElement {
  static css = `:host{display:table-cell;padding:9px 12px;border-bottom:1px solid ${LINE};vertical-align:top}:host(:first-child){padding-inline-start:16px}:host(:last-child){padding-inline-end:16px}:host(.numeric){text-align:end;font-variant-numeric:tabular-nums;white-space:nowrap}
@media (max-width:${NARROW}){:host,:host(:first-child),:host(:last-child){display:block;padding:2px 16px;border:0;text-align:start}:host([data-slot=primary]){font-weight:550}:host([data-slot=secondary]){color:${SOFT}}
:host([data-slot=labeled]){display:flex;gap:12px;justify-content:space-between}:host([data-slot=labeled])::before{content:attr(data-label);color:${SOFT}}}`;

  connectedCallback() {
    this.role = 'cell';
    const index = [...this.parentElement.children].indexOf(this);
    const header = this.closest('s-table')?.querySelectorAll('s-table-header')[index];
    Object.assign(this.dataset, {slot: header?.getAttribute('listslot') ?? 'labeled', label: header?.textContent ?? ''});
    this.classList.toggle('numeric', ['numeric', 'currency'].includes(header?.getAttribute('format')));
  }
}

class Table extends PolarisElement {
  static css = ':host{display:block;min-width:0}.scroll{overflow-x:auto}.table{display:table;width:100%;border-collapse:collapse}@media (max-width:30rem){.table{display:block}}';
  static inner = '<slot name="filters"></slot><div class="scroll" tabindex="0" role="group"><div class="table" role="table" part="table"><slot></slot></div></div>';

  connectedCallback() {
    const title = this.closest('s-section')?.getAttribute('heading') ?? '';
    this.shadowRoot.querySelector('.scroll').ariaLabel = title || 'Table';
    this.part('table').ariaLabel = title || 'Table';
  }
}

define('link', Link);
define('button', Button);
define('clickable', class extends Link {});
define('table', Table);
define('table-header-row', role('row', `:host{display:table-row}@media (max-width:${NARROW}){:host{display:none}}`));
define('table-header', TableHeader);
define('table-body', role('rowgroup', `:host{display:table-row-group}@media (max-width:${NARROW}){:host{display:block}}`));
define('table-row', role('row', `:host{display:table-row}@media (max-width:${NARROW}){:host{display:block;padding-block:8px;border-bottom:1px solid ${LINE}}}`));
define('table-cell', TableCell);
define('unordered-list', role('list', ':host{display:block;padding-inline-start:20px;list-style:disc}'));
define('ordered-list', role('list', ':host{display:block;padding-inline-start:20px;list-style:decimal}'));
define('list-item', role('listitem', ':host{display:list-item}'));
define('spinner', simple(`:host{display:inline-block;width:20px;height:20px;border-radius:50%;border:2px solid ${LINE};border-top-color:${INK};animation:turn 1s linear infinite}@keyframes turn{to{rotate:1turn}}@media (prefers-reduced-motion:reduce){:host{animation:none}}`, ''));
