import {Card} from './Card';
import type {DeliveryView, Parcel, Step} from './promise';

/** Where the order is, what was promised first, and what changed since. */
export function Delivery({view}: {view: DeliveryView}) {
  const {title, text, note, first_text: first, help_text: help, kept_text: kept} = view;
  const isLate = view.state === 'late';
  return (
    <Card title={title}>
      {text && <s-paragraph {...(!isLate && {color: 'subdued'})}>{text}</s-paragraph>}
      {note && <s-paragraph color="subdued">{note}</s-paragraph>}
      {first && <s-paragraph color="subdued">{first}</s-paragraph>}
      {view.changes.map((change) => (
        <s-paragraph key={change} type="small" color="subdued">
          {change}
        </s-paragraph>
      ))}
      {view.steps.length > 0 && <Way steps={view.steps} />}
      {view.parcels.map((parcel) => (
        <OneOfSeveral key={parcel.name} parcel={parcel} link={view.tracking_text} />
      ))}
      {view.parcels.length === 0 && view.tracking_url && view.tracking_text && (
        <s-link href={view.tracking_url} target="_blank">
          {view.tracking_text}
        </s-link>
      )}
      {help && <s-paragraph color="subdued">{help}</s-paragraph>}
      {kept && (
        <s-paragraph type="small" color="subdued">
          {kept}
        </s-paragraph>
      )}
    </Card>
  );
}

function Way({steps}: {steps: Step[]}) {
  return (
    <s-grid gridTemplateColumns="auto auto auto" gap="small-300">
      {steps.map(({name, when, done}) => (
        <s-stack key={name}>
          <s-icon type={done ? 'check-circle-filled' : 'circle'} />
          <s-text>{name}</s-text>
          {when && (
            <s-text color="subdued" type="small">
              {when}
            </s-text>
          )}
        </s-stack>
      ))}
    </s-grid>
  );
}

function OneOfSeveral({parcel, link}: {parcel: Parcel; link: string | undefined}) {
  return (
    <s-stack>
      <s-text type="strong">{parcel.name}</s-text>
      <s-text color="subdued">{parcel.text}</s-text>
      {parcel.tracking_url && link && (
        <s-link href={parcel.tracking_url} target="_blank" accessibilityLabel={`${parcel.name}: ${link}`}>
          {link}
        </s-link>
      )}
    </s-stack>
  );
}
