import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { proofModes } from '../../bin/line/proof.ts'
import { type LineSpec, proofSchema } from '../../contracts/index.ts'
import {
  checkNote,
  checkpointNote,
  consistencyProof,
  type LogProof,
  NOTE_TYPE,
  openKey,
  parseCheckpoint,
  parseNote,
  readLogKey,
  serveWitness,
  signCheckpoint,
  startLogProof,
  TileTree,
  verifyDataDir,
  Witness,
} from '../../traceability/index.ts'
import { checkTimeStamp, requestTimeStamp } from '../../traceability/proof/time-stamp.ts'
import { commandPresent, describeWith } from '../services/require-service.ts'
import { capture, ORIGIN, rewrite, signNow, temporary } from './samples/signed-log.ts'

const base = temporary()
beforeAll(async () => {
  await capture(base.dir, 1, 20)
  await signNow(base.dir)
  await capture(base.dir, 21, 40)
  await signNow(base.dir)
})
afterAll(() => base.dispose())

const NAME = 'witness.test.example/w1'
let state: string
let dir: string
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'sightline-witness-'))
  dir = base.copy()
})
afterEach(() => rmSync(state, { recursive: true, force: true }))

function witnessOf(dataDir: string): { witness: Witness; vkey: string } {
  const signer = openKey(join(state, 'witness.pem'), NAME, NOTE_TYPE.cosignature)
  const key = readLogKey(dataDir)
  const logs = key === null ? [] : [key]
  return {
    witness: new Witness({ signer, stateDir: join(state, 'state'), logs, now: () => 1_700_000_000_000 }),
    vkey: signer.key.vkey,
  }
}

describe('witness, c2sp.org/tlog-witness', () => {
  const setUp = () => {
    const { witness } = witnessOf(dir)
    const notes = readFileSync(join(dir, 'log', 'checkpoints.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((l) => (JSON.parse(l) as { note: string }).note)
    const [first = '', second = ''] = notes
    const [m, n] = [parseCheckpoint(first).size, parseCheckpoint(second).size]
    const proof = consistencyProof(new TileTree(join(dir, 'log'), n), m, n).map((h) => h.toString('base64'))
    const body = (old: number, lines: readonly string[], note: string): string =>
      [`old ${old}`, ...lines, '', note].join('\n')
    return { witness, first, second, m, n, proof, body }
  }

  it('cosigns what continues the last, with its time', () => {
    const { witness, first, second, m, proof, body } = setUp()
    expect(witness.addCheckpoint(body(0, [], first)).status).toBe(200)
    const answer = witness.addCheckpoint(body(m, proof, second))
    expect(answer.status).toBe(200)
    const key = openKey(join(state, 'witness.pem'), NAME, NOTE_TYPE.cosignature).key
    expect(checkNote(parseNote(second + answer.body), key)).toEqual({ state: 'valid', time: 1_700_000_000 })
    // The same again is the same statement at another time; nothing else is known to it after a restart.
    expect(witnessOf(dir).witness.addCheckpoint(body(parseCheckpoint(second).size, [], second)).status).toBe(
      200,
    )
  })

  it('refuses what the protocol says it must, and keeps its state then', () => {
    const { witness, first, second, m, n, proof, body } = setUp()
    witness.addCheckpoint(body(0, [], first))
    const signer = openKey(join(dir, 'keys', 'log.pem'), ORIGIN, NOTE_TYPE.ed25519)
    const other = (size: number): string => checkpointNote(signCheckpoint(signer, size, Buffer.alloc(32, 7)))
    const stranger = openKey(join(state, 'stranger.pem'), ORIGIN, NOTE_TYPE.ed25519)
    const unknown = openKey(join(state, 'unknown.pem'), 'unknown.example', NOTE_TYPE.ed25519)
    const cases: [string, string, number][] = [
      ['another old size', body(0, [], second), 409],
      ['an old size above the new one', body(n + 1, [], second), 400],
      ['a proof of something else', body(m, [...proof.slice(1), proof[0] ?? ''], second), 422],
      ['no proof', body(m, [], second), 422],
      ['a rewritten log that grew', body(m, proof, other(n)), 422],
      ['a fork at the same size', body(m, [], other(m)), 409],
      [
        'a checkpoint of a stranger',
        body(m, proof, checkpointNote(signCheckpoint(stranger, n, parseCheckpoint(second).root))),
        403,
      ],
      [
        'a log it does not know',
        body(0, [], checkpointNote(signCheckpoint(unknown, 1, Buffer.alloc(32)))),
        404,
      ],
      [
        'a checkpoint cut back',
        body(m, [], checkpointNote(signCheckpoint(signer, m - 1, Buffer.alloc(32)))),
        400,
      ],
      ['no request at all', 'hello', 400],
      ['a size with a leading zero', body(m, proof, second).replace('old ', 'old 0'), 400],
      [
        '64 proof lines',
        body(
          m,
          Array.from({ length: 64 }, () => proof[0] ?? ''),
          second,
        ),
        400,
      ],
    ]
    for (const [what, request, status] of cases)
      expect([what, witness.addCheckpoint(request).status]).toEqual([what, status])
    expect(witness.addCheckpoint(body(0, [], second))).toEqual({
      status: 409,
      type: 'text/x.tlog.size',
      body: `${m}\n`,
    })
    expect(witness.latest(ORIGIN)?.size).toBe(m)
  })
})

describe('a line that signs', () => {
  const spec = (patch: object) => proofSchema.parse({ everyMs: 1, ...patch })
  const start = (patch: object, alarms: string[] = []): Promise<LogProof> =>
    startLogProof({
      dataDir: dir,
      spec: spec(patch),
      fallbackOrigin: ORIGIN,
      onAlarm: (f) => alarms.push(f.message),
    })
  const until = async (proof: LogProof, done: () => boolean): Promise<void> => {
    for (let n = 0; n < 200 && !done(); n++) await new Promise((r) => setTimeout(r, 50))
    expect(done(), JSON.stringify(proof.state())).toBe(true)
  }

  it('has checkpoints cosigned, catches up with a witness that was away, and anchors them', async () => {
    const { witness, vkey } = witnessOf(dir)
    const probe = await serveWitness(witness, { host: '127.0.0.1', port: 0, onRefusal: () => undefined })
    await probe.close()
    const port = Number(new URL(probe.url).port)
    const anchor = join(state, 'anchor.txt')
    const alarms: string[] = []
    await capture(dir, 41, 45)
    const proof = await start(
      { witnesses: [{ url: probe.url, key: vkey }], anchors: [{ file: anchor, everyMs: 1 }] },
      alarms,
    )
    await until(proof, () => proof.state().unreachable.length === 1)
    expect(alarms.join()).toContain('TRC_WITNESS')
    const server = await serveWitness(witness, { host: '127.0.0.1', port, onRefusal: () => undefined })
    await until(proof, () => proof.state().cosigned.length === 1)
    await capture(dir, 46, 50)
    await proof.close()
    const { size, cosigned, fault, unreachable } = proof.state()
    expect({ fault, unreachable }).toEqual({ fault: null, unreachable: [] })
    expect(cosigned).toMatchObject([{ witness: NAME, size }])
    const latest = await fetch(`${server.url}/checkpoint?origin=${encodeURIComponent(ORIGIN)}`)
    expect(parseCheckpoint(await latest.text()).size).toBe(size)
    expect(readFileSync(anchor, 'utf8')).toContain(`\n${size}\n`)
    expect(await verifyDataDir(dir)).toMatchObject({
      state: 'intact',
      events: size,
      signed: size,
      cosigned: [{ witness: NAME, size }],
    })

    // An old copy of everything, as after a restore: the witness knows better.
    rewrite(dir, (events) => events.slice(0, -3))
    const note = await (await fetch(`${server.url}/checkpoint?origin=${encodeURIComponent(ORIGIN)}`)).text()
    const { findings } = await verifyDataDir(dir, { checkpoints: [{ from: 'witness', note }] })
    expect(findings).toMatchObject([{ kind: 'cut', position: size - 2 }])
    await server.close()
  })

  it('stops signing, and says so, when the witness has seen more of the log than there is', async () => {
    const { witness, vkey } = witnessOf(dir)
    const server = await serveWitness(witness, { host: '127.0.0.1', port: 0, onRefusal: () => undefined })
    const old = base.copy()
    await capture(dir, 41, 45)
    const first = await start({ witnesses: [{ url: server.url, key: vkey }] })
    await until(first, () => first.state().cosigned.length === 1)
    await first.close()
    dir = old
    await capture(dir, 41, 41)
    const alarms: string[] = []
    const second = await start({ witnesses: [{ url: server.url, key: vkey }] }, alarms)
    await until(second, () => second.state().fault !== null)
    await second.close()
    expect(second.state().fault?.code).toBe('TRC_PROOF')
    expect(alarms.join()).toContain('continues what the witness cosigned')
    await server.close()
  })

  it('says so when the witness has lost its memory, also when the line was started again meanwhile', async () => {
    const { witness, vkey } = witnessOf(dir)
    const server = await serveWitness(witness, { host: '127.0.0.1', port: 0, onRefusal: () => undefined })
    const witnesses = [{ url: server.url, key: vkey }]
    const first = await start({ witnesses })
    await until(first, () => first.state().cosigned.length === 1)
    expect(first.state().forgot).toBeNull()
    await first.close()
    const had = first.state().size
    // Signed while the witness is away, so that the last checkpoint has no cosignature.
    await capture(dir, 41, 42)
    await signNow(dir)
    rmSync(join(state, 'state'), { recursive: true })
    mkdirSync(join(state, 'state'))
    const alarms: string[] = []
    const second = await start({ witnesses }, alarms)
    await until(second, () => second.state().cosigned[0]?.size === second.state().size)
    await second.close()
    await server.close()
    expect(second.state()).toMatchObject({ fault: null, unreachable: [], forgot: { code: 'TRC_FORGOT' } })
    expect(alarms).toEqual([
      expect.stringMatching(new RegExp(`^TRC_FORGOT: .*expected the ${had} events .*found it knows 0`)),
    ])
    expect(proofModes({ proof: { origin: second.state().origin } } as LineSpec, second)).toMatchObject([
      { id: 'proof-forgot', text: { zh: expect.stringMatching(/^TRC_FORGOT:见证方/) } },
    ])
    expect(await verifyDataDir(dir)).toMatchObject({ state: 'intact', findings: [] })
  })
})

/** An authority made with OpenSSL: `openssl ts -reply`, an implementation of RFC 3161 that is not ours. */
describeWith(
  'openssl',
  commandPresent('openssl', ['version']),
  'time-stamps of an RFC 3161 authority',
  () => {
    let tsa: string
    let url: string
    let server: ReturnType<typeof createServer>
    beforeAll(async () => {
      tsa = mkdtempSync(join(tmpdir(), 'sightline-tsa-'))
      const ssl = (...args: string[]) => execFileSync('openssl', args, { cwd: tsa, stdio: 'pipe' })
      writeFileSync(
        join(tsa, 'tsa.cnf'),
        '[req]\ndistinguished_name=dn\n[dn]\n[ca]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n' +
          '[leaf]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping\n' +
          '[tsa]\ndefault_tsa=t\n[t]\nserial=./serial\nsigner_cert=./tsa.pem\ncerts=./ca.pem\nsigner_key=./tsa.key\nsigner_digest=sha256\n' +
          'default_policy=1.2.3.4.1\ndigests=sha256\naccuracy=secs:1\nordering=yes\ntsa_name=no\ness_cert_id_chain=no\n',
      )
      writeFileSync(join(tsa, 'serial'), '01\n')
      const conf = ['-config', 'tsa.cnf']
      ssl(
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        'ca.key',
        '-out',
        'ca.pem',
        '-days',
        '30',
        '-subj',
        '/CN=Test CA',
        '-extensions',
        'ca',
        ...conf,
      )
      ssl(
        'req',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        'tsa.key',
        '-out',
        'tsa.csr',
        '-subj',
        '/CN=Test TSA',
        ...conf,
      )
      ssl(
        'x509',
        '-req',
        '-in',
        'tsa.csr',
        '-CA',
        'ca.pem',
        '-CAkey',
        'ca.key',
        '-CAcreateserial',
        '-out',
        'tsa.pem',
        '-days',
        '30',
        '-extfile',
        'tsa.cnf',
        '-extensions',
        'leaf',
      )
      ssl('x509', '-in', 'ca.pem', '-outform', 'der', '-out', 'ca.der')
      server = createServer((request, response) => {
        const chunks: Buffer[] = []
        request.on('data', (c: Buffer) => chunks.push(c))
        request.on('end', () => {
          writeFileSync(join(tsa, 'query'), Buffer.concat(chunks))
          ssl('ts', '-reply', '-queryfile', 'query', '-out', 'reply', ...conf)
          response.end(readFileSync(join(tsa, 'reply')))
        })
      })
      await new Promise<void>((r) => server.listen(0, '127.0.0.1', r))
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    })
    afterAll(() => {
      server.close()
      rmSync(tsa, { recursive: true, force: true })
    })

    it('are asked for, checked, and refused over other bytes or when altered', async () => {
      const data = Buffer.from('a checkpoint\n')
      const token = await requestTimeStamp(url, data, { timeoutMs: 10_000 })
      const ca = new Uint8Array(readFileSync(join(tsa, 'ca.der')))
      expect(await checkTimeStamp(token, data, [ca])).toMatchObject({
        ok: true,
        trusted: true,
        authority: 'Test TSA',
        reason: null,
      })
      expect(await checkTimeStamp(token, data, [])).toMatchObject({ ok: true, trusted: false })
      expect(await checkTimeStamp(token, Buffer.from('another\n'), [])).toMatchObject({ ok: false })
      const altered = Buffer.from(token)
      const last = altered.length - 5
      altered.writeUInt8((altered[last] ?? 0) ^ 1, last)
      expect(await checkTimeStamp(altered, data, [])).toMatchObject({ ok: false })
    })

    it('are not taken of an authority whose certificate is no longer valid', async () => {
      const ends = readFileSync(join(tsa, 'tsa.pem'))
      const renew = ['-req', '-in', 'tsa.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial']
      const leaf = ['-out', 'tsa.pem', '-days', '0', '-extfile', 'tsa.cnf', '-extensions', 'leaf']
      execFileSync('openssl', ['x509', ...renew, ...leaf], { cwd: tsa, stdio: 'pipe' })
      // It ends in the second in which it is made; `openssl ts -verify` calls such a token a certificate verify error.
      await vi.waitFor(
        async () =>
          await expect(requestTimeStamp(url, Buffer.from('a\n'), { timeoutMs: 10_000 })).rejects.toThrow(
            /^TRC_WITNESS: .* expected a certificate that is valid at .*; found one of /,
          ),
        { timeout: 20_000, interval: 200 },
      )
      writeFileSync(join(tsa, 'tsa.pem'), ends)
    })

    it('are kept with the checkpoints of a line and verified with them', async () => {
      await capture(dir, 41, 42)
      const proof = await startLogProof({
        dataDir: dir,
        spec: proofSchema.parse({ everyMs: 1, timestamp: { url, everyMs: 1 } }),
        fallbackOrigin: ORIGIN,
        onAlarm: () => undefined,
      })
      await proof.close()
      const tsaCertificates = [new Uint8Array(readFileSync(join(tsa, 'ca.der')))]
      const report = await verifyDataDir(dir, { tsaCertificates })
      expect(report).toMatchObject({
        state: 'intact',
        timestamped: [{ authority: 'Test TSA', size: report.events, trusted: true }],
      })
      const file = join(dir, 'log', 'timestamps.jsonl')
      writeFileSync(
        file,
        readFileSync(file, 'utf8').replaceAll(`\\n${report.events}\\n`, `\\n${report.events - 1}\\n`),
      )
      expect((await verifyDataDir(dir, { tsaCertificates })).findings.map((f) => f.kind)).toContain(
        'timestamp',
      )
    })
  },
)
