import type {StampsView} from './views';

/** The stamp card of whoever is signed in: a row of stamps beside the words that say the same. */
export function Stamps({stamps}: {stamps: StampsView}) {
  const places = Array.from({length: stamps.drawn ? stamps.of : 0}, (_, place) => place < stamps.have);
  return (
    <s-stack gap="small-200">
      {places.length > 0 && (
        <s-stack direction="inline" gap="small-200">
          {places.map((stamped, place) => (
            <s-icon key={place} type={stamped ? 'check-circle-filled' : 'circle'} />
          ))}
        </s-stack>
      )}
      <s-text>{stamps.label}</s-text>
      <s-paragraph type="small" color="subdued">
        {stamps.text}
      </s-paragraph>
    </s-stack>
  );
}
