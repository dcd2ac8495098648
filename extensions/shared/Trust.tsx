import {Card} from './Card';
import type {PeopleView, TrustView} from './views';

/** What the shop can be trusted for. */
export function Trust({view}: {view: TrustView}) {
  const {title, text, people} = view;
  return (
    <Card title={title}>
      {text && <s-paragraph color="subdued">{text}</s-paragraph>}
      {people && <People people={people} />}
    </Card>
  );
}

/** Who packs the parcels, and how to reach them. */
function People({people}: {people: PeopleView}) {
  const {title, names, reach_title: reach, hours, ways} = people;
  return (
    <>
      {title && names.length > 0 && (
        <s-stack>
          <s-text type="strong">{title}</s-text>
          {names.map(({name, about}) => (
            <s-stack key={name}>
              <s-text>{name}</s-text>
              {about && <s-text color="subdued">{about}</s-text>}
            </s-stack>
          ))}
        </s-stack>
      )}
      {reach && (
        <s-stack>
          <s-text type="strong">{reach}</s-text>
          {hours && <s-text color="subdued">{hours}</s-text>}
          {ways.map((way) =>
            way.url ? (
              <s-link key={way.text} href={way.url}>
                {way.text}
              </s-link>
            ) : (
              <s-text key={way.text}>{way.text}</s-text>
            ),
          )}
        </s-stack>
      )}
    </>
  );
}
