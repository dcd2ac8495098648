// Pages, sections, words.
class Page extends PolarisElement {
  static css = `:host{display:block;max-width:62rem;margin-inline:auto;padding:16px clamp(12px,3vw,24px) 48px;font:13px/1.5 Inter,ui-sans-serif,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif}
:host([inlinesize=small]){max-width:44rem}:host([inlinesize=large]){max-width:76rem}
header{display:flex;flex-wrap:wrap;gap:8px 12px;align-items:center;margin:4px 0 16px;min-height:32px}h1{font-size:20px;line-height:1.25;font-weight:650;margin:0;flex:1;min-width:0;overflow-wrap:anywhere}
.crumb::slotted(*){display:inline-flex;gap:12px;font-weight:550;--link:${SOFT};--line:none}.crumb::slotted(*)::after{content:"›";color:${SOFT};font-weight:400}.crumb{display:contents}
.body{display:grid;grid-template-columns:minmax(0,1fr);gap:16px}.columns{display:grid;grid-template-columns:minmax(0,1fr);gap:16px;align-items:start}
@media (min-width:52rem){.columns.two{grid-template-columns:minmax(0,2fr) minmax(0,1fr)}}`;
  static inner =
    '<header><slot name="breadcrumb-actions" class="crumb"></slot><h1 part="heading"></h1><slot name="accessory"></slot><slot name="secondary-actions"></slot><slot name="primary-action"></slot></header><div class="columns"><div class="body"><slot></slot></div><slot name="aside"></slot></div>';
  static watched = ['heading'];

  changed() {
    this.part('heading').textContent = this.given('heading');
    this.shadowRoot.querySelector('.columns').classList.toggle('two', Boolean(this.querySelector(':scope > [slot=aside]')));
  }
}

class Section extends PolarisElement {
  static css = `:host{display:block;background:${SHEET};border-radius:12px;box-shadow:0 1px 0 light-dark(#0001,#fff1),0 0 0 1px light-dark(#00000012,#ffffff1a);padding:16px;min-width:0}
:host([padding=none]){padding:0}:host([padding=none]) header{padding:16px 16px 0}:host(.inner){background:none;box-shadow:none;padding:0}
header{display:flex;flex-wrap:wrap;gap:8px;align-items:center;margin-bottom:10px}header:has(h2:empty){display:none}h2{font-size:14px;line-height:1.4;font-weight:650;margin:0;flex:1}
.body{display:grid;grid-template-columns:minmax(0,1fr);gap:12px}`;
  static inner =
    '<header><h2 part="heading"></h2><slot name="secondary-actions"></slot><slot name="primary-action"></slot></header><div class="body"><slot></slot></div>';
  static watched = ['heading'];

  changed() {
    this.part('heading').textContent = this.given('heading');
    this.classList.toggle('inner', Boolean(this.parentElement?.closest('s-section')));
    const label = this.given('accessibilitylabel') || this.given('heading');
    if (label) Object.assign(this, {role: 'region', ariaLabel: label});
  }
}

class Heading extends PolarisElement {
  static css = ':host{display:block;font-size:14px;line-height:1.4;font-weight:650}';

  connectedCallback() {
    if (this.given('accessibilityrole') === 'none') return;
    this.role = 'heading';
    let level = 2;
    for (let node = this.parentElement; node; node = node.parentElement) if (node.localName === 's-section') level += 1;
    this.ariaLevel = String(Math.min(level, 6));
  }
}

class Banner extends PolarisElement {
  static css = `:host{display:block;border-radius:12px;padding:12px 16px;background:${TONES.info[0]};color:${TONES.info[1]};border:1px solid color-mix(in srgb,currentColor 25%,transparent)}
${['success', 'warning', 'critical', 'caution']
  .map((tone) => `:host([tone=${tone}]){background:${TONES[tone][0]};color:${TONES[tone][1]}}`)
  .join('')}
b{display:block;font-weight:650}b:empty{display:none}b+.body:not(:empty){margin-top:2px}`;
  static inner = '<b part="heading"></b><div class="body"><slot></slot><slot name="secondary-actions"></slot></div>';
  static watched = ['heading'];

  changed() {
    this.part('heading').textContent = this.given('heading');
  }
}

const WORDS = `:host([color=subdued]),:host([tone=neutral]){color:${SOFT}}:host([tone=success]){color:${TONES.success[1]}}:host([tone=critical]){color:${TONES.critical[1]}}
:host([tone=warning]),:host([tone=caution]){color:${TONES.warning[1]}}:host([type=strong]){font-weight:650}:host([fontvariantnumeric=tabular-nums]){font-variant-numeric:tabular-nums}`;

class Badge extends PolarisElement {
  static css = `:host{display:inline-flex;align-items:center;border-radius:8px;padding:1px 8px;font-size:12px;line-height:18px;font-weight:550;background:${TONES.neutral[0]};color:${TONES.neutral[1]};white-space:nowrap}
${Object.entries(TONES)
  .map(([tone, [ground, ink]]) => `:host([tone=${tone}]){background:${ground};color:${ink}}`)
  .join('')}`;
}

const DRAWN = {
  'check-circle-filled': '<circle cx="10" cy="10" r="8" fill="currentColor"/><path d="m6.500 10.200 2.400 2.400 4.600-5" fill="none" stroke="light-dark(#fff,#1f1f1f)" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round"/>',
  'circle-dashed': '<circle cx="10" cy="10" r="7.200" fill="none" stroke="currentColor" stroke-width="1.500" stroke-dasharray="3.400 2.250"/>',
};

class Icon extends PolarisElement {
  static css = `:host{display:inline-block;width:20px;height:20px;vertical-align:top;color:${INK}}svg{display:block;width:20px;height:20px}
:host([tone=success]){color:light-dark(#29845a,#5fd09a)}:host([tone=neutral]),:host([color=subdued]){color:${SOFT}}:host([tone=critical]){color:${TONES.critical[1]}}:host([tone=warning]){color:${TONES.warning[1]}}`;
  static inner = '<svg viewBox="0 0 20 20" aria-hidden="true" part="drawing"></svg>';
  static watched = ['type'];

  changed() {
    this.part('drawing').innerHTML = DRAWN[this.given('type')] ?? DRAWN['circle-dashed'];
  }
}

define('icon', Icon);
define('page', Page);
define('section', Section);
define('heading', Heading);
define('banner', Banner);
define('badge', Badge);
define('text', simple(`:host{display:inline}${WORDS}`));
define('paragraph', simple(`:host{display:block}${WORDS}`));
define('number', simple(`:host{display:inline;font-variant-numeric:tabular-nums}${WORDS}`));
define('stack', simple(':host{display:flex;flex-flow:column;min-width:0}'));
define('box', simple(':host{display:block;min-width:0}'));
define('grid', simple(':host{display:grid;min-width:0}'));
define('grid-item', simple(':host{display:block;min-width:0}'));
define('query-container', simple(':host{display:block;container-type:inline-size}'));
define('divider', simple(`:host{display:block;border-top:1px solid ${LINE}}`, ''));
define('button-group', simple(':host{display:flex;flex-wrap:wrap;gap:8px}', '<slot></slot><slot name="secondary-actions"></slot><slot name="primary-action"></slot>'));
define('chip', simple(`:host{display:inline-block;border-radius:8px;padding:1px 8px;background:${TONES.neutral[0]}}`));
define('empty-state', simple(':host{display:block;text-align:center;padding:24px}', '<slot name="graphic"></slot><slot name="subheading"></slot><slot name="primary-action"></slot>'));
