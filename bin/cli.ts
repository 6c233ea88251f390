#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { asCoded } from '../contracts/index.ts'
import { addConfig } from './commands/config.ts'
import { addDoctor } from './commands/doctor.ts'
import { addEvaluate } from './commands/evaluate.ts'
import { addExport } from './commands/export.ts'
import { addHold } from './commands/hold.ts'
import { addIdentity } from './commands/identity.ts'
import { addInspect } from './commands/inspect.ts'
import { addModels } from './commands/models.ts'
import { addNcr } from './commands/ncr.ts'
import { addPlant } from './commands/plant.ts'
import { addRecall } from './commands/recall.ts'
import { addReplay } from './commands/replay.ts'
import { addSampleBoards } from './commands/sample-boards.ts'
import { addServe } from './commands/serve.ts'
import { addTeach } from './commands/teach.ts'
import { addTeachBoxes } from './commands/teach-boxes.ts'
import { addTeachClasses } from './commands/teach-classes.ts'
import { addTeachSegments } from './commands/teach-segments.ts'
import { addTrace } from './commands/trace.ts'
import { addVerify } from './commands/verify.ts'
import { addWitness } from './commands/witness.ts'
import { addWorker } from './commands/worker.ts'
import { readEnvironment } from './environment.ts'
import { version } from './paths.ts'

const program = new Command('sightline')
  .description('Inline machine-vision inspection: cameras to verdicts to a provable record of every part')
  .version(version)
  .showHelpAfterError()
  .exitOverride()

try {
  const environment = readEnvironment(process.env)
  for (const add of [
    addServe,
    addInspect,
    addEvaluate,
    addModels,
    addTeach,
    addTeachBoxes,
    addTeachClasses,
    addTeachSegments,
    addTrace,
    addRecall,
    addExport,
    addReplay,
    addPlant,
    addHold,
    addNcr,
    addIdentity,
    addVerify,
    addWitness,
    addWorker,
    addSampleBoards,
    addConfig,
    addDoctor,
  ]) {
    add(program, environment)
  }
  await program.parseAsync()
} catch (error) {
  // Commander has said already what is wrong, or shown the help or version that was asked for.
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2)
  const coded = asCoded(error, 'API_INTERNAL')
  process.stderr.write(`${coded.message}\n`)
  if (coded.code === 'API_INTERNAL' && coded.cause instanceof Error)
    process.stderr.write(`${coded.cause.stack}\n`)
  // A rule that does not compile is a fault of the configuration, like every CFG_ code.
  process.exitCode = coded.code.startsWith('CFG_') || coded.code === 'INS_RULE_INVALID' ? 2 : 1
}
