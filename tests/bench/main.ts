import { cpus, totalmem } from 'node:os'
import { benchPipeline } from './pipeline.ts'
import { benchTeach } from './teach.ts'
import { benchTrace } from './trace.ts'

const BENCHES: Record<string, (args: string[]) => Promise<void>> = {
  pipeline: benchPipeline,
  teach: benchTeach,
  trace: benchTrace,
}

const [name = '', ...args] = process.argv.slice(2)
const bench = BENCHES[name]
if (!bench) {
  process.stderr.write(`usage: npm run bench -- ${Object.keys(BENCHES).join(' | ')}\n`)
  process.exit(2)
}
process.stdout.write(
  `${cpus().length} × ${cpus()[0]?.model.trim()}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.versions.node}, ${new Date().toISOString()}\n`,
)
await bench(args)
process.exit(0)
