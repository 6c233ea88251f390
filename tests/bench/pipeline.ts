import { execFile, execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { loadRecipe } from '../../inspection/index.ts'
import { loadTrustedKeys, PACKAGES_DIR } from '../../models/index.ts'
import { BOARD_PX } from '../../datasets/index.ts'
import { writeToyPackage } from '../suites/toy-models.ts'
import { runBare } from './bare.ts'
import { bookkeepingCpuMs } from './bookkeeping.ts'
import { type ChainResult, runChain } from './chain.ts'
import { type FramePair, makeFrames, writeFrames } from './frames.ts'

interface BenchModel {
  name: string
  dir: string
  root: string
  onnx: string
  trustedKeys: Record<string, string>
  id: string
  sha256: string
  pair: boolean
  target: number
}

/** Of fewer frames the rate is off by more than the fifth that is to be left: what is asked for is no load then but a jam. */
const RATE_MS = 10_000

const runFile = promisify(execFile)
const cores = availableParallelism()
const print = (line: string): void => void process.stdout.write(`${line}\n`)
const median = (values: number[]): number => quantile(values, 0.5)
const quantile = (values: number[], q: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(q * values.length))] ?? NaN

/** `npm run bench -- pipeline [seconds per run] [rounds]` */
export async function benchPipeline(args: string[]): Promise<void> {
  const ms = Number(args[0] ?? 6) * 1000
  const rounds = Number(args[1] ?? 3)
  const frames = await makeFrames(16)
  const models = await benchModels()
  const [, warmUp] = models
  if (!warmUp) return
  const python = pythonWith()
  for (const model of models) {
    for (const kind of ['raw', 'jpeg'] as const) {
      await benchOne(model, warmUp, kind, frames[kind], ms, rounds, python)
    }
  }
  const pair = models[0]
  if (pair) await benchLatency(pair, warmUp, frames.raw, ms)
  const { recipe } = await loadRecipe(resolve(PACKAGES_DIR, '../../lines/recipes'), 'deeppcb-pair@1')
  const cpu = await bookkeepingCpuMs(recipe)
  print(
    `\nbookkeeping, CPU ms per part: rules ${cpu.rules.toFixed(3)} + event and store ${cpu.store.toFixed(3)} = ${(cpu.rules + cpu.store).toFixed(3)} (limit 1)`,
  )
}

async function benchOne(
  model: BenchModel,
  warmUp: BenchModel,
  kind: 'raw' | 'jpeg',
  frames: FramePair[],
  ms: number,
  rounds: number,
  python: string | null,
): Promise<void> {
  const bareOrder = { dir: model.dir, trustedKeys: model.trustedKeys, frames, kind, ms }
  const chainOrder = {
    model,
    warmUp,
    frames,
    kind,
    workers: cores,
    rate: 'max' as const,
    ms,
    budgetMs: 10_000,
  }
  const ratios: number[] = []
  const toSession: number[] = []
  let bareText = ''
  let chain: ChainResult | null = null
  for (let n = 0; n < rounds; n++) {
    const bare = await runBare(bareOrder, cores)
    chain = await runChain(chainOrder)
    const limit = (cores * 1000) / (bare.modelMs + bare.inputMs)
    ratios.push(chain.framesPerSecond / limit)
    toSession.push(chain.framesPerSecond / ((cores * 1000) / bare.modelMs))
    bareText = `model ${bare.modelMs.toFixed(1)} ms + input ${bare.inputMs.toFixed(1)} ms -> limit ${limit.toFixed(1)}/s`
  }
  print(`\n${model.name}, ${kind}: ${bareText}`)
  print(
    `  whole chain ${chain?.framesPerSecond.toFixed(1)}/s, ${chain?.noVerdicts} no-verdicts in ${chain?.parts} parts`,
  )
  print(
    `  ratio to the limit: median ${median(ratios).toFixed(3)} of ${ratios.map((r) => r.toFixed(3)).join(' ')} (target ${model.target})`,
  )
  print(`  ratio to bare session.run: median ${median(toSession).toFixed(3)}`)
  if (python === null || chain === null) return
  const dir = mkdtempSync(join(tmpdir(), 'sightline-bench-py-'))
  writeFrames(join(dir, 'frames'), frames)
  const program = resolve(import.meta.dirname, 'reference.py')
  // As many as our workers: a program alone on the machine has its caches and memory bus for itself.
  const outputs = await Promise.all(
    Array.from({ length: cores }, (_, n) =>
      runFile(python, [
        program,
        model.onnx,
        join(dir, 'frames'),
        kind,
        String(ms / 1000),
        join(dir, `data-${n}`),
      ]),
    ),
  )
  const references = outputs.map(({ stdout }) => JSON.parse(stdout) as { cpuMsPerFrame: number })
  const pythonMs = references.reduce((sum, r) => sum + r.cpuMsPerFrame, 0) / cores
  rmSync(dir, { recursive: true, force: true })
  print(
    `  CPU per frame: ${chain.cpuMsPerFrame.toFixed(2)} ms, ${cores} × Python + OpenCV + onnxruntime ${pythonMs.toFixed(2)} ms, ratio ${(chain.cpuMsPerFrame / pythonMs).toFixed(3)} (target <= 1)`,
  )
}

async function benchLatency(
  model: BenchModel,
  warmUp: BenchModel,
  frames: FramePair[],
  ms: number,
): Promise<void> {
  const order = {
    model,
    warmUp,
    frames,
    kind: 'raw' as const,
    workers: cores,
    ms,
    budgetMs: 10_000,
  }
  const full = await runChain({ ...order, ms: Math.max(ms, RATE_MS), rate: 'max' })
  const loaded = await runChain({ ...order, ms: Math.max(ms * 3, RATE_MS), rate: 0.8 * full.framesPerSecond })
  const q = (p: number): number => quantile(loaded.latenciesMs, p)
  print(
    `\ntrigger to gate at 80 % load (${(0.8 * full.framesPerSecond).toFixed(1)}/s, ${loaded.parts} parts, ${loaded.noVerdicts} no-verdicts): p50 ${q(0.5).toFixed(1)}, p95 ${q(0.95).toFixed(1)}, p99 ${q(0.99).toFixed(1)} ms; p99/p50 ${(q(0.99) / q(0.5)).toFixed(2)} (target <= 2)`,
  )
}

async function benchModels(): Promise<BenchModel[]> {
  const pairDir = join(PACKAGES_DIR, 'pcb-pair')
  const onnx = join(pairDir, 'model.onnx')
  const sha256 = createHash('sha256').update(readFileSync(onnx)).digest('hex')
  const models: BenchModel[] = [
    {
      name: 'pcb-pair',
      dir: pairDir,
      root: PACKAGES_DIR,
      onnx,
      trustedKeys: await loadTrustedKeys(),
      id: 'pcb-pair',
      sha256,
      pair: true,
      target: 0.95,
    },
  ]
  for (const [name, slowMatMuls, target] of [
    ['small', 1, 0.9],
    ['large', 40, 0.95],
  ] as const) {
    const toy = await writeToyPackage({
      id: `toy-${name}`,
      keyId: `key-${name}`,
      toy: { kind: 'classification', gain: [1, 0], bias: [0, 0] },
      size: { widthPx: BOARD_PX, heightPx: BOARD_PX },
      slowMatMuls,
    })
    models.push({
      name: `${name} model`,
      dir: toy.dir,
      root: toy.root,
      onnx: join(toy.dir, 'model.onnx'),
      trustedKeys: toy.trustedKeys,
      id: toy.id,
      sha256: toy.sha256,
      pair: false,
      target,
    })
  }
  return models
}

/** A Python that has what the reference program needs; null = the comparison is left out, by name. */
function pythonWith(): string | null {
  const python = process.env['SIGHTLINE_PYTHON'] ?? 'python3'
  try {
    execFileSync(python, ['-c', 'import cv2, numpy, onnxruntime'], { stdio: 'ignore' })
    return python
  } catch {
    print(
      `comparison with Python left out: ${python} has no cv2, numpy and onnxruntime (set SIGHTLINE_PYTHON)`,
    )
    return null
  }
}
