import {Card} from './Card';
import {Data} from './Data';
import type {PeopleView, SealView, TrustView} from './views';

/** What the shop can be trusted for: seals that hold, and who is there. */
export function Trust({view}: {view: TrustView}) {
  const {title, text, people, panel, data} = view;
  return (
    <Card title={title}>
      {text && <s-paragraph color="subdued">{text}</s-paragraph>}
      {view.seals.map((seal) => (
        <Seal key={seal.verify_url} seal={seal} />
      ))}
      {view.seals.length > 0 && view.seals_text && (
        <s-paragraph type="small" color="subdued">
          {view.seals_text}
        </s-paragraph>
      )}
      {people && <People people={people} />}
      {panel && <Data panel={panel} rows={data ?? []} />}
    </Card>
  );
}

/** A badge or the shop's own picture beside the way to the issuer's page, and to a proof where the seal claims more. */
function Seal({seal}: {seal: SealView}) {
  const {text, verify_url: url, image, proof_url: proof, proof_text: said} = seal;
  return (
    <s-grid gridTemplateColumns="auto 1fr" gap="small-200" alignItems="start">
      {image ? (
        <s-box inlineSize="28px">
          <s-image src={image} alt="" aspectRatio="1" objectFit="contain" />
        </s-box>
      ) : (
        <s-icon type="check-circle" />
      )}
      <s-stack>
        <s-link href={url} target="_blank">
          {text}
        </s-link>
        {proof && said && (
          <s-link href={proof} target="_blank">
            {said}
          </s-link>
        )}
      </s-stack>
    </s-grid>
  );
}

/** Who packs the parcels, and how to reach them. */
function People({people}: {people: PeopleView}) {
  const {title, names, reach_title: reach, hours, ways} = people;
  return (
    <>
      {title && names.length > 0 && (
        <s-stack gap="small-200">
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
