import { describe, expect, it } from 'vitest'
import { issuesWith } from './samples/line-issues.ts'

const camera = { adapter: 'http-push', port: 9_001 }
const issues = issuesWith(camera)
const plc = (host: string) => ({ reject: { adapter: 'modbus-tcp', host } })
const token = 'x'.repeat(16)
const sink = (adapter: string, url: string) => ({ sinks: [{ id: 's', adapter, url }] })
const key = 'w+12345678+aaaa'
const reader = (over: object) => ({ readers: [{ id: 'r', ...over }], operators: { badgePrefix: 'OP:' } })

describe('an address in a line file that nobody could reach', () => {
  it.each(['modbus://plc', 'plc:502', 'plc/1', '[::1]', '10.0.0.300', 'a b', ' plc', 'op@plc', ''])(
    'is refused as the host of a PLC: %j',
    (host) =>
      expect(issues(plc(host))).toEqual([
        expect.stringMatching(/^stations\.0\.reject\.host: a host name or an IP address, without scheme/),
      ]),
  )

  it.each(['plc', 'PLC_1.plant.example.', '10.0.0.20', '::1', 'fe80::1%eth0', '设备.local'])(
    'but not where it is one: %j',
    (host) => expect(issues(plc(host))).toEqual([]),
  )

  const http = 'http://line-1'
  it.each([
    ['stations.0.camera.host', { camera: { ...camera, token, host: http } }, {}],
    ['dashboard.host', {}, { dashboard: { host: http } }],
    ['dashboard.https.host', {}, { dashboard: { https: { host: http, certificate: 'c', key: 'k' } } }],
    ['readers.0.host', {}, reader({ adapter: 'scanner-tcp', host: 'tcp://gun', port: 9 })],
    ['readers.0.host', {}, reader({ adapter: 'llrp', host: 'rfid:5084' })],
    ['readers.0.host', {}, reader({ adapter: 'http-reads', host: http, port: 9, token })],
  ])('is refused at %s', (path, station, more) =>
    expect(issues(station, more)).toEqual([
      `${path}: a host name or an IP address, without scheme, port and path`,
    ]),
  )

  it.each([
    [
      'a witness without scheme',
      'proof.witnesses.0.url',
      { proof: { witnesses: [{ url: 'host:90', key }] } },
    ],
    ['a time stamp by ftp', 'proof.timestamp.url', { proof: { timestamp: { url: 'ftp://tsa' } } }],
    ['a broker without host', 'sinks.0.url', sink('mqtt', 'mqtt://')],
    ['a broker without slashes', 'sinks.0.url', sink('mqtt', 'mqtt:broker')],
    [
      'reads of a port that is none',
      'readers.0.url',
      reader({ adapter: 'mqtt-reads', url: 'mqtt://b:70000', topic: 't' }),
    ],
    ['reads of no host', 'readers.0.url', reader({ adapter: 'mqtt-reads', url: 'mqtt://:1883', topic: 't' })],
    [
      'a topic that no broker takes',
      'readers.0.topic',
      reader({ adapter: 'mqtt-reads', url: 'mqtt://b', topic: 'a/#/b' }),
    ],
  ])('is refused: %s', (_, path, more) =>
    expect(issues({}, more)).toEqual([
      expect.stringMatching(new RegExp(`^${path.replaceAll('.', '\\.')}: .`)),
    ]),
  )

  it('is refused as an anchor', () =>
    expect(issues({}, { proof: { anchors: [{ url: 'host:90' }] } })).toEqual([
      expect.stringMatching(/^proof\.anchors\.0/),
    ]))

  it.each(['a', 'a/+/b', '+', '#', 'a/#', '/a'])('is no topic of reads: not %j', (topic) =>
    expect(issues({}, reader({ adapter: 'mqtt-reads', url: 'mqtts://u:p@b:8883', topic }))).toEqual([]),
  )

  it.each([[['/dev/video0']], [['-f', 'v4l2', '-i']]])('is refused as what ffmpeg reads: %j', (input) =>
    expect(issues({ camera: { adapter: 'ffmpeg', input, widthPx: 64, heightPx: 48 } })).toEqual([
      expect.stringMatching(/^stations\.0\.camera\.input: .*-i/),
    ]),
  )
})
