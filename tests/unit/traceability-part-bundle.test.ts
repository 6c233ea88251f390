import { generateKeyPairSync } from 'node:crypto'
import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  makeBundle,
  openPartStore,
  proofOfPart,
  readLogKey,
  renderReport,
  verifyBundle,
  verifyDataDir,
} from '../../traceability/index.ts'
import { gs1Code, passVerdict, request } from './samples/traceability-requests.ts'
import { capture, deleteImages, ORIGIN, signNow, sql } from './samples/signed-log.ts'
import { signedPlace } from './samples/signed-place.ts'

const place = signedPlace()

describe('bundle of one part', () => {
  it('verifies without the data, and says of a part how far it is proven', async () => {
    const bundle = await makeBundle(place.dir, 'S2', null)
    const proof = await proofOfPart(place.dir, 'S2')
    expect(proof?.events.every((e) => e.proven)).toBe(true)
    expect(proof?.events.length).toBe(bundle.events.length)
    const key = readLogKey(place.dir)
    expect(verifyBundle(JSON.stringify(bundle), key === null ? [] : [key])).toMatchObject({
      state: 'intact',
      origin: ORIGIN,
      findings: [],
      images: { checked: 1 },
    })
    await capture(place.dir, 61, 61)
    expect((await proofOfPart(place.dir, 'S61'))?.events).toMatchObject([{ proof: null, proven: false }])
  })

  it('misses an image that is gone, and does not call it deleted by retention', async () => {
    const [sha256 = ''] = (await makeBundle(place.dir, 'S2', null)).images.map((i) => i.sha256)
    const name = readdirSync(join(place.dir, 'images'), { recursive: true, encoding: 'utf8' }).find((f) =>
      f.includes(`${sha256}.`),
    )
    const file = join(place.dir, 'images', name ?? '')
    renameSync(file, `${file}.away`)
    try {
      expect(verifyBundle(JSON.stringify(await makeBundle(place.dir, 'S2', null)))).toMatchObject({
        state: 'altered',
        images: { checked: 0, deletedByRetention: 0 },
        findings: [{ kind: 'image', detail: `image ${sha256} is not in the bundle` }],
      })
    } finally {
      renameSync(`${file}.away`, file)
    }
  })

  it('has the event by which an image is gone, and is altered without it', async () => {
    const [image] = (await makeBundle(place.dir, 'S2', null)).images
    const sha256 = image?.sha256 ?? ''
    await deleteImages(place.dir, [sha256])
    await signNow(place.dir)
    const bundle = await makeBundle(place.dir, 'S2', null)
    expect(verifyBundle(JSON.stringify(bundle))).toMatchObject({
      state: 'intact',
      images: { checked: 0, deletedByRetention: 1 },
    })
    const last = bundle.events.at(-1)
    expect(last?.json).toContain('qe.image.deleted.v1')
    const events = bundle.events.slice(0, -1)
    expect(verifyBundle(JSON.stringify({ ...bundle, events, list: null })).findings).toMatchObject([
      { kind: 'image', detail: `image ${sha256} is said to be deleted, and no event in the bundle says so` },
    ])
    // A bundle of before says so itself, and is not called altered for it.
    const old = { ...bundle, format: 'sightline-bundle@1', events, list: null }
    const report = verifyBundle(JSON.stringify(old))
    expect(report.findings).toEqual([])
    expect(report.limits.map((l) => l.en).join()).toContain('make it anew')
  })

  it('misses an image that a row alone calls deleted, and one that came again since it was', async () => {
    const [image] = (await makeBundle(place.dir, 'S2', null)).images
    const sha256 = image?.sha256 ?? ''
    const remove = (): void => {
      const name = readdirSync(join(place.dir, 'images'), { recursive: true, encoding: 'utf8' }).find((f) =>
        f.includes(`${sha256}.`),
      )
      rmSync(join(place.dir, 'images', name ?? ''))
      sql(place.dir, `update image set deleted_at = '2026-01-06T00:00:00.000Z' where sha256 = '${sha256}'`)
    }
    remove()
    const missed = [{ kind: 'image', detail: `image ${sha256} is not in the bundle` }]
    expect(verifyBundle(JSON.stringify(await makeBundle(place.dir, 'S2', null))).findings).toMatchObject(
      missed,
    )
    const again = place.copy()
    await deleteImages(again, [sha256])
    const store = await openPartStore({ dataDir: again, synchronous: 'normal', spoolAfterMs: 20_000 })
    const r = request(
      99,
      { ...passVerdict(), codes: [gs1Code('S2', 'L1')] },
      { image: Uint8Array.of(1, 2, 3, 4, 2, 6, 7, 0) },
    )
    await store.capture(r)
    await store.close()
    await signNow(again)
    expect((await verifyDataDir(again)).findings).toEqual([])
    place.dir = again
    remove()
    expect((await verifyDataDir(again)).findings).toMatchObject([{ kind: 'image' }])
    expect(verifyBundle(JSON.stringify(await makeBundle(again, 'S2', null))).findings[0]).toMatchObject(
      missed[0] ?? {},
    )
  })

  it('is not made unsigned, or signed so that it looks altered, where the key that is named is not the one', async () => {
    const file = join(place.dir, 'keys-noted.pem')
    const made = (): Promise<unknown> => makeBundle(place.dir, 'S2', file)
    const no = `TRC_KEY: the signing or verifying key cannot be used (${file}); expected the private key of ${readLogKey(place.dir)?.vkey}; found `
    await expect(made()).rejects.toThrow(`${no}no such file`)
    const key = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' })
    writeFileSync(file, key, { mode: 0o600 })
    await expect(made()).rejects.toThrow(`${no}${ORIGIN}+`)
  })

  it('names what was altered in it', async () => {
    const bundle = await makeBundle(place.dir, 'S2', null)
    const first = bundle.events[0]
    if (first === undefined) throw new Error('no event')
    const told = (change: Partial<typeof bundle>) =>
      verifyBundle(JSON.stringify({ ...bundle, ...change })).findings.map((f) => [f.kind, f.position])
    const rest = bundle.events.slice(1)
    expect(told({ events: [{ ...first, json: first.json.replace('pass', 'fail') }, ...rest] })).toEqual([
      ['changed', first.position],
    ])
    // Also where it is no event any more.
    for (const [from, to] of [
      ['"data":', '"date":'],
      ['"views":', '"viewz":'],
      ['"sha256":', '"sha255":'],
      [first.json, '{"data":null}'],
      [first.json, 'null'],
      [first.json, '7'],
    ] as const)
      expect(told({ events: [{ ...first, json: first.json.replace(from, to) }, ...rest] }), to).toEqual([
        ['changed', first.position],
      ])
    expect(told({ events: rest })).toEqual([['dropped', first.position]])
    expect(told({ events: [...bundle.events, { ...first, position: 1 }] })).toEqual([['inserted', 1]])
    expect(told({ events: [{ ...first, proof: (first.proof ?? []).slice(1) }, ...rest] })).toEqual([
      ['bundle', first.position],
    ])
    expect(told({ images: bundle.images.map((i) => ({ ...i, data: 'AAAA' })) })).toEqual([['image', null]])
    expect(told({ serial: 'S3' })).toEqual([['bundle', null]])
    expect(told({ checkpoint: bundle.checkpoint?.replace(/^(.)/, 'x') ?? '' })).toEqual([
      ['checkpoint', null],
    ])
    // Without the list the proofs still find what was altered, not what was left out.
    expect(told({ list: null, events: [{ ...first, json: first.json.replace('pass', 'fail') }] })).toEqual([
      ['changed', first.position],
    ])
    expect(told({ list: null, events: rest })).toEqual([])
    // Nor that they are about another part: who takes the list out gets nothing called intact.
    for (const change of [{ events: rest, serial: 'S2' }, { serial: 'S3' }]) {
      const report = verifyBundle(JSON.stringify({ ...bundle, ...change, list: null }))
      expect(report).toMatchObject({ state: 'unproven', findings: [], serial: change.serial })
      expect(report.limits.map((l) => l.en).join()).toContain('no list signed by the log')
    }
    expect(renderReport(verifyBundle(JSON.stringify(bundle)), 'en')).toContain('Part "S2"')
    const other =
      (text: string): (() => unknown) =>
      () =>
        verifyBundle(text)
    const no =
      'TRC_BUNDLE: the evidence bundle cannot be made or read; expected an evidence bundle (sightline-bundle@2, or @1); found '
    expect(other('{}')).toThrow(`${no}format: Invalid option`)
    expect(other('not JSON')).toThrow(`${no}Unexpected token`)
    expect(other(JSON.stringify({ ...bundle, events: [{}] }))).toThrow(
      `${no}events.0.position: Invalid input`,
    )
  })
})
