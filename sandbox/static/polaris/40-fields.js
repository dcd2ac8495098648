// Fields: each takes part in its form under its own name, is reset with it, and says what is wrong with it.
const FIELD = `:host{display:block;min-width:0;font-size:13px}label,.label{display:block;font-weight:550;margin-bottom:4px}
:is(input:not([type=checkbox]),select,textarea){font:inherit;font-size:14px;width:100%;min-height:34px;padding:6px 10px;border:1px solid ${EDGE};border-radius:8px;background:${SHEET};color:${INK}}
textarea{resize:vertical}:is(input,select,textarea):focus-visible{${FOCUS}}:is(input,select,textarea):disabled{opacity:.6}
.row{display:flex;gap:8px;align-items:center}.row>:not(.affix){min-width:0}.affix{color:${SOFT};flex:none;white-space:nowrap}.affix:empty{display:none}
.details{color:${SOFT};margin:4px 0 0}.error{color:${TONES.critical[1]};margin:4px 0 0;font-weight:550}.details:empty,.error:empty{display:none}
:host([error]:not([error=""])) :is(input,select,textarea){border-color:${TONES.critical[1]};border-width:2px}
:host([labelaccessibilityvisibility=exclusive]) label{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}`;

class Field extends PolarisElement {
  static formAssociated = true;
  static watched = ['label', 'value', 'details', 'error', 'placeholder', 'disabled', 'required', 'readonly', 'min', 'max', 'step', 'rows', 'inputmode', 'autocomplete', 'prefix', 'suffix', 'currencycode', 'checked', 'maxlength'];
  static css = FIELD;
  static inner = Field.around('<input part="control" id="control">');

  internals = this.attachInternals();
  #touched = false;

  static around(control) {
    return `<label for="control" part="label"></label><div class="row"><span class="affix" part="before"></span>${control}<span class="affix" part="after"></span></div><p class="details" id="details" part="details"></p><p class="error" id="error" part="error"></p>`;
  }

  constructor() {
    super();
    this.wire(this.part('control'));
  }

  wire(control) {
    control.addEventListener('input', () => this.#typed('input'));
    control.addEventListener('change', () => this.#typed('change'));
    control.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && control.localName === 'input') this.internals.form?.requestSubmit();
    });
  }

  #typed(name) {
    this.#touched = true;
    this.internals.setFormValue(this.formValue());
    // Native input events cross the shadow's edge by themselves, change events do not.
    if (name === 'change') this.dispatchEvent(new Event('change', {bubbles: true}));
  }

  get form() {
    return this.internals.form;
  }

  get name() {
    return this.given('name');
  }

  get value() {
    return this.part('control').value;
  }

  set value(text) {
    this.part('control').value = text;
    this.internals.setFormValue(this.formValue());
  }

  formValue() {
    return this.value;
  }

  formResetCallback() {
    this.#touched = false;
    this.toDefault();
    this.internals.setFormValue(this.formValue());
  }

  toDefault() {
    this.part('control').value = this.given('value');
  }

  changed(name) {
    const control = this.part('control');
    this.part('label').textContent = this.given('label');
    this.part('details').textContent = this.given('details');
    this.part('error').textContent = this.given('error');
    if (this.part('before')) this.part('before').textContent = this.given('prefix');
    if (this.part('after')) this.part('after').textContent = this.given('suffix') || this.given('currencycode');
    for (const key of ['placeholder', 'min', 'max', 'step', 'rows', 'inputmode', 'autocomplete', 'maxlength']) {
      if (this.hasAttribute(key)) control.setAttribute(key, this.given(key));
    }
    for (const key of ['disabled', 'required', 'readonly']) control.toggleAttribute(key, this.hasAttribute(key));
    const told = [this.given('details') && 'details', this.given('error') && 'error'].filter(Boolean).join(' ');
    if (told) control.setAttribute('aria-describedby', told);
    control.ariaInvalid = this.given('error') ? 'true' : 'false';
    if (!this.#touched || name === 'value' || name === 'checked') this.toDefault();
    this.internals.setFormValue(this.formValue());
  }
}

class NumberField extends Field {
  connectedCallback() {
    this.part('control').type = 'number';
    if (!this.hasAttribute('step')) this.part('control').step = 'any';
    super.connectedCallback();
  }
}

const typed = (type) => class extends Field {
  connectedCallback() {
    this.part('control').type = type;
    super.connectedCallback();
  }
};

class TextArea extends Field {
  static inner = Field.around('<textarea part="control" id="control" rows="3"></textarea>');
}

class Select extends Field {
  static inner = `${Field.around('<select part="control" id="control"></select>')}<slot hidden></slot>`;

  connectedCallback() {
    this.#fill();
    new MutationObserver(() => this.#fill()).observe(this, {childList: true, subtree: true, characterData: true});
    super.connectedCallback();
  }

  #fill() {
    const options = [...this.querySelectorAll('s-option')].map((one) => {
      const option = new Option(one.textContent.trim(), one.getAttribute('value') ?? one.textContent.trim());
      option.disabled = one.hasAttribute('disabled');
      option.defaultSelected = one.hasAttribute('selected');
      return option;
    });
    this.part('control').replaceChildren(...options);
    this.toDefault();
    this.internals.setFormValue(this.formValue());
  }

  toDefault() {
    const control = this.part('control');
    const chosen = this.querySelector('s-option[selected]')?.getAttribute('value');
    if (this.hasAttribute('value')) control.value = this.given('value');
    else if (chosen !== undefined) control.value = chosen;
  }
}

class Checkbox extends Field {
  static css = `${FIELD}.row{align-items:flex-start}.row label{margin:0;font-weight:450}input{width:18px;height:18px;margin:1px 0 0;accent-color:${STRONG};flex:none}`;
  static inner =
    '<div class="row"><input type="checkbox" part="control" id="control"><label for="control" part="label"></label></div><p class="details" id="details" part="details"></p><p class="error" id="error" part="error"></p>';

  get checked() {
    return this.part('control').checked;
  }

  set checked(on) {
    this.part('control').checked = on;
    this.internals.setFormValue(this.formValue());
  }

  formValue() {
    return this.checked ? this.given('value') || 'on' : null;
  }

  toDefault() {
    this.part('control').checked = this.hasAttribute('checked');
  }
}

class Switch extends Checkbox {
  static css = `${FIELD}.row{align-items:flex-start}.row label{margin:0}input{appearance:none;width:34px;height:20px;border-radius:10px;background:light-dark(#767676,#6a6a6a);margin:0;flex:none;cursor:pointer;position:relative;transition:background .15s}
input::before{content:"";position:absolute;inset:3px auto auto 3px;width:14px;height:14px;border-radius:50%;background:#fff;transition:translate .15s}input:checked{background:light-dark(#0c5132,#2fa566)}input:checked::before{translate:14px 0}
@media (prefers-reduced-motion:reduce){input,input::before{transition:none}}`;

  connectedCallback() {
    this.part('control').role = 'switch';
    super.connectedCallback();
  }
}

define('text-field', Field);
define('number-field', NumberField);
define('money-field', class extends NumberField {});
define('email-field', typed('email'));
define('url-field', typed('url'));
define('password-field', typed('password'));
define('search-field', typed('search'));
define('date-field', typed('date'));
define('text-area', TextArea);
define('option', simple(':host{display:none}'));
define('option-group', simple(':host{display:none}'));
define('select', Select);
define('checkbox', Checkbox);
define('switch', Switch);
