import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import sharp from 'sharp'
import { openDataset } from '../../datasets/index.ts'
import {
  findBackbone,
  loadTrustedKeys,
  PACKAGES_DIR,
  teach,
  type TeachImage,
  teachOptionsSchema,
} from '../../models/index.ts'
import { openSession } from '../../models/runtime/ort-session.ts'
import { areaUnderRoc } from '../../models/teach/choose.ts'
import { seededRandom } from '../../models/teach/random.ts'

const SIDE = 256
const TARGETS = { teachS: 10, msPerImage: 15, teachRatio: 10, imageRatio: 3 }

interface Measured {
  teachS: number
  teachCpuS: number
  /** CPU time of one image on one thread, median. */
  msPerImage: number
  auroc: number
}

/**
 * Time and accuracy of teaching from good images of 256 x 256 px, beside PatchCore of anomalib on the same images: with its
 * own ResNet-18, and with the network of backbone-s, where accuracy compares whatever weights are at hand.
 *
 *     npm run bench -- teach [--images N] [--judged N] [--threads N] [--set DIR]
 *
 * DIR is a data set with good images in split `train`, good and bad ones in `test`; otherwise plates are drawn.
 */
export async function benchTeach(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      images: { type: 'string', default: '100' },
      judged: { type: 'string', default: '40' },
      threads: { type: 'string', default: '2' },
      set: { type: 'string' },
    },
  })
  const [count, judged, threads] = [values.images, values.judged, values.threads].map(Number) as [
    number,
    number,
    number,
  ]
  const parts = values.set ? await fromSet(values.set, count, judged) : drawn(count, judged)
  const own = await measure(parts, threads)
  say(`sightline teach, ${parts.teach.length} images of ${SIDE} x ${SIDE} px, ${threads} threads`, own)
  process.stdout.write(
    `  targets: taught in at most ${TARGETS.teachS} s (${own.teachS <= TARGETS.teachS ? 'kept' : 'MISSED'}), ` +
      `at most ${TARGETS.msPerImage} ms an image (${own.msPerImage <= TARGETS.msPerImage ? 'kept' : 'MISSED'})\n`,
  )
  const python = process.env['SIGHTLINE_PYTHON'] ?? 'python3'
  const usable = await promisify(execFile)(python, ['-c', 'import anomalib, onnx, torch']).then(
    () => true,
    () => false,
  )
  if (!usable) {
    process.stdout.write(
      `comparison left out: ${python} has no anomalib (pip install anomalib onnx, and set SIGHTLINE_PYTHON)\n`,
    )
    return
  }
  const network = [join(PACKAGES_DIR, 'backbone-s', 'model.onnx'), 'tap8', 'tap16']
  for (const backbone of [[], network]) {
    const other = await measureAnomalib(python, parts, threads, backbone)
    const { members, version, pretrained } = other
    const weights =
      backbone.length > 0 ? 'backbone-s' : `ResNet-18 (${pretrained ? 'ImageNet weights' : 'untrained'})`
    say(`anomalib ${version} PatchCore, ${weights}, ${members} members`, other)
    process.stdout.write(`  ratios: ${ratios(own, other, pretrained)}\n`)
  }
}

function ratios(own: Measured, other: Measured, comparable: boolean): string {
  const ratio = (a: number, b: number, target: number): string =>
    `${(a / b).toFixed(1)} x (target ${target} x${a / b >= target ? '' : ', MISSED'})`
  const more = 100 * (own.auroc - other.auroc)
  const accuracy = comparable
    ? `AUROC ${more.toFixed(1)} points more${more < 0 ? ' (MISSED)' : ''}`
    : 'AUROC of untrained weights does not compare'
  return (
    `teaching ${ratio(other.teachS, own.teachS, TARGETS.teachRatio)} by wall clock, ` +
    `${(other.teachCpuS / own.teachCpuS).toFixed(1)} x by CPU; ` +
    `image ${ratio(other.msPerImage, own.msPerImage, TARGETS.imageRatio)}; ${accuracy}`
  )
}

/** Good images of the split `train`, and good and bad ones of `test`, brought to the size. */
async function fromSet(dir: string, count: number, judged: number): Promise<Parts> {
  const { items } = await openDataset(resolve(dir))
  const of = async (split: string, defective: boolean, most: number): Promise<Parts['teach']> => {
    const found = items.filter((i) => i.split === split && i.defective === defective)
    const step = Math.max(1, found.length / most)
    const chosen = Array.from({ length: Math.min(most, found.length) }, (_, i) => found[Math.floor(i * step)])
    return Promise.all(
      chosen.map(async (i) =>
        Uint8Array.from(
          await sharp(i?.image)
            .resize(SIDE, SIDE, { fit: 'fill' })
            .toColourspace('srgb')
            .removeAlpha()
            .raw()
            .toBuffer(),
        ),
      ),
    )
  }
  return {
    teach: await of('train', false, count),
    good: await of('test', false, judged),
    bad: await of('test', true, judged),
  }
}

const drawn = (count: number, judged: number): Parts => ({
  teach: Array.from({ length: count }, (_, i) => plate(i, false)),
  good: Array.from({ length: judged }, (_, i) => plate(10_000 + i, false)),
  bad: Array.from({ length: judged }, (_, i) => plate(20_000 + i, true)),
})

function say(title: string, m: Measured): void {
  process.stdout.write(
    `${title}: taught in ${m.teachS.toFixed(1)} s (${m.teachCpuS.toFixed(1)} s CPU), ` +
      `${m.msPerImage.toFixed(1)} ms CPU an image on one thread, AUROC ${(100 * m.auroc).toFixed(1)} %\n`,
  )
}

type Parts = Record<'teach' | 'good' | 'bad', Uint8Array<ArrayBuffer>[]>

async function measure(parts: Parts, threads: number): Promise<Measured> {
  const backbone = await findBackbone([PACKAGES_DIR], 'backbone-s', await loadTrustedKeys())
  const good = parts.teach.map((data, i): TeachImage => ({
    name: `plate-${i}`,
    load: () => Promise.resolve({ data, widthPx: SIDE, heightPx: SIDE, channels: 3 }),
  }))
  const cpu = process.cpuUsage()
  const start = performance.now()
  const { model } = await teach({ backbone, good, options: teachOptionsSchema.parse({ threads }) })
  const teachS = (performance.now() - start) / 1000
  const teachCpuS = cpuMs(cpu) / 1000
  const session = await openSession(model, { providers: ['cpu'], intraOpThreads: 1 })
  const times: number[] = []
  const score = async (data: Uint8Array<ArrayBuffer>): Promise<number> => {
    const before = process.cpuUsage()
    const feeds = { [backbone.input]: { data, shape: [1, SIDE, SIDE, 3] } }
    const out = await session.run(feeds, ['score'])
    times.push(cpuMs(before))
    return Number(out['score']?.data[0])
  }
  await score(parts.teach[0] ?? new Uint8Array())
  times.length = 0
  const scores = { good: [] as number[], bad: [] as number[] }
  for (const side of ['good', 'bad'] as const)
    for (const data of parts[side]) scores[side].push(await score(data))
  await session.close()
  const msPerImage = times.toSorted((a, b) => a - b)[times.length >> 1] ?? Number.NaN
  return { teachS, teachCpuS, msPerImage, auroc: areaUnderRoc(scores.good, scores.bad) }
}

function cpuMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1000
}

type MeasuredAnomalib = Measured & { version: string; pretrained: boolean; members: number }

async function measureAnomalib(
  python: string,
  parts: Parts,
  threads: number,
  backbone: readonly string[],
): Promise<MeasuredAnomalib> {
  const folder = await mkdtemp(join(tmpdir(), 'sightline-bench-teach-'))
  try {
    await writeFile(join(folder, 'images.bin'), Buffer.concat([...parts.teach, ...parts.good, ...parts.bad]))
    const counts = { teach: parts.teach.length, good: parts.good.length, bad: parts.bad.length }
    await writeFile(join(folder, 'images.json'), JSON.stringify(counts))
    const program = resolve(import.meta.dirname, 'teach_anomalib.py')
    const { stdout } = await promisify(execFile)(python, [program, folder, String(threads), ...backbone])
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as MeasuredAnomalib
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A brushed plate with a ring, a little different each time; `bad` adds a scratch or a stain, 3 to 14 px wide. */
function plate(seed: number, bad: boolean): Uint8Array<ArrayBuffer> {
  const random = seededRandom(seed + 1)
  const [dx, dy, light] = [4 * random() - 2, 4 * random() - 2, 12 * random() - 6]
  const [x0, y0, angle] = [40 + 176 * random(), 40 + 176 * random(), Math.PI * random()]
  const stain = random() < 0.5
  const depth = (random() < 0.5 ? -1 : 1) * (18 + 40 * random())
  const data = new Uint8Array(SIDE * SIDE * 3)
  for (let y = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++) {
      const ring = Math.abs(Math.hypot(x - 128 - dx, y - 128 - dy) - 80) < 7 ? 50 : 0
      const along = (x - x0) * Math.cos(angle) + (y - y0) * Math.sin(angle)
      const across = (y - y0) * Math.cos(angle) - (x - x0) * Math.sin(angle)
      const hit = stain ? Math.hypot(along, across) < 7 : Math.abs(across) < 1.5 && Math.abs(along) < 25
      const grain = 10 * Math.sin(y * 0.9 + dy) + 14 * (random() - 0.5)
      const grey = Math.round(125 + light + ring + grain + (bad && hit ? depth : 0))
      data.fill(Math.min(255, Math.max(0, grey)), (y * SIDE + x) * 3, (y * SIDE + x) * 3 + 3)
    }
  return data
}
