import {describe, expect, it} from 'vitest';

import {readDelivery} from '../promise';

const whole = {
  state: 'late',
  title: 'Dein Paket kommt später.',
  text: 'Neuer Tag: Fr., 27. November.',
  first_text: 'Zuerst zugesagt: Do., 26. November.',
  help_text: 'Antworte auf die Bestellbestätigung.',
  tracking_url: 'https://www.dhl.de/?piececode=1',
  tracking_text: 'Sendung verfolgen',
  changes: [{on: '2026-11-25', reason: 'carrier', text: '25. Nov.: jetzt Fr., 27. November.'}],
  steps: [{name: 'Bestellt', when: '21. Nov.', done: true}],
  parcels: [
    {name: 'Paket 1 von 2', text: 'DHL, unterwegs', tracking_url: 'https://www.dhl.de/', done: false},
    {name: 'Paket 2 von 2', text: 'DHL, zugestellt', tracking_url: null, done: true},
  ],
};

describe('an order’s delivery', () => {
  it('is read with the first promise, each change and each parcel', () => {
    expect(readDelivery(whole)).toEqual({
      ...whole,
      changes: ['25. Nov.: jetzt Fr., 27. November.'],
      parcels: [
        {name: 'Paket 1 von 2', text: 'DHL, unterwegs', tracking_url: 'https://www.dhl.de/'},
        {name: 'Paket 2 von 2', text: 'DHL, zugestellt'},
      ],
    });
  });

  it.each(['javascript:alert(1)', 'http://carrier.example/1', '//carrier.example', 7, null])(
    'is not followed to %s',
    (address) => {
      const parcels = [{name: 'a', text: 'b', tracking_url: address}];
      const found = readDelivery({...whole, tracking_url: address, parcels});
      expect(found?.tracking_url).toBeUndefined();
      expect(found?.parcels).toEqual([{name: 'a', text: 'b'}]);
    },
  );

  it.each([undefined, null, 'late', [], {}, {state: 'lost'}, {state: 7}])('is nothing when it is %j', (view) => {
    expect(readDelivery(view)).toBeUndefined();
  });

  it('leaves out what is not as it should be', () => {
    const odd = {state: 'unknown', changes: [null, {text: 7}, 'x'], steps: [{name: 'a'}], parcels: [{name: 'a'}, 1]};
    expect(readDelivery(odd)).toEqual({state: 'unknown', text: '', changes: [], steps: [], parcels: []});
  });
});
