import {isRecord, list, text} from './fields';

export type DeliveryState = 'promised' | 'handed_over' | 'delivered' | 'late' | 'unknown';

/** One step of the way, `done` or planned; `when` is empty while nobody knows. */
export interface Step {
  name: string;
  when: string;
  done: boolean;
}

/** One of several parcels. */
export interface Parcel {
  name: string;
  text: string;
  tracking_url?: string;
}

/** What is said of an order's delivery; `first_text` keeps the first promise in sight once there is another. */
export interface DeliveryView {
  state: DeliveryState;
  text: string;
  title?: string;
  note?: string;
  first_text?: string;
  help_text?: string;
  kept_text?: string;
  tracking_url?: string;
  tracking_text?: string;
  changes: string[];
  steps: Step[];
  parcels: Parcel[];
}

const STATES: readonly string[] = ['promised', 'handed_over', 'delivered', 'late', 'unknown'];

export function readDelivery(view: unknown): DeliveryView | undefined {
  if (!isRecord(view) || !STATES.includes(view.state as string)) return undefined;
  return {
    state: view.state as DeliveryState,
    text: text(view, 'text').text ?? '',
    ...text(view, 'title'),
    ...text(view, 'note'),
    ...text(view, 'first_text'),
    ...text(view, 'help_text'),
    ...text(view, 'kept_text'),
    ...tracking(view),
    ...text(view, 'tracking_text'),
    changes: list(view.changes).flatMap((change) => (isRecord(change) ? Object.values(text(change, 'text')) : [])),
    steps: list(view.steps).filter(isStep),
    parcels: list(view.parcels).filter(isParcel).map(({name, text, ...parcel}) => ({name, text, ...tracking(parcel)})),
  };
}

/** Where a carrier shows the parcel: a merchant may have typed anything, and only a safe address is followed. */
function tracking(view: Record<string, unknown>): {tracking_url?: string} {
  const found = text(view, 'tracking_url');
  return found.tracking_url?.startsWith('https://') ? found : {};
}

function isStep(value: unknown): value is Step {
  return (
    isRecord(value) &&
    typeof value.name === 'string' &&
    typeof value.when === 'string' &&
    typeof value.done === 'boolean'
  );
}

function isParcel(value: unknown): value is Parcel & Record<string, unknown> {
  return isRecord(value) && typeof value.name === 'string' && typeof value.text === 'string';
}
