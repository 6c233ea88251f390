import type { Command } from 'commander'
import type { Environment } from '../setup/environment.ts'

type AddCommand = (program: Command, environment: Environment) => void

/** In the order of the help. A command loads its own modules only: all of them take a second of CPU. */
export const COMMANDS: { names: string[]; load(): Promise<AddCommand> }[] = [
  { names: ['serve', 'demo'], load: async () => (await import('./serve.ts')).addServe },
  { names: ['inspect'], load: async () => (await import('./inspect.ts')).addInspect },
  { names: ['evaluate'], load: async () => (await import('./evaluate.ts')).addEvaluate },
  { names: ['models'], load: async () => (await import('./models.ts')).addModels },
  { names: ['teach'], load: async () => (await import('./teach.ts')).addTeach },
  { names: ['teach-boxes'], load: async () => (await import('./teach-boxes.ts')).addTeachBoxes },
  {
    names: ['teach-classes'],
    load: async () => (await import('./teach-classes.ts')).addTeachClasses,
  },
  {
    names: ['teach-segments'],
    load: async () => (await import('./teach-segments.ts')).addTeachSegments,
  },
  { names: ['trace'], load: async () => (await import('./trace.ts')).addTrace },
  { names: ['recall'], load: async () => (await import('./recall.ts')).addRecall },
  { names: ['causes'], load: async () => (await import('./causes.ts')).addCauses },
  { names: ['export'], load: async () => (await import('./export.ts')).addExport },
  { names: ['balance'], load: async () => (await import('./balance.ts')).addBalance },
  { names: ['replay'], load: async () => (await import('./replay.ts')).addReplay },
  { names: ['plant'], load: async () => (await import('./plant.ts')).addPlant },
  { names: ['hold', 'release'], load: async () => (await import('./hold.ts')).addHold },
  { names: ['dispose'], load: async () => (await import('./dispose.ts')).addDispose },
  { names: ['ncr'], load: async () => (await import('./ncr.ts')).addNcr },
  { names: ['identity'], load: async () => (await import('./identity.ts')).addIdentity },
  { names: ['account'], load: async () => (await import('./account.ts')).addAccount },
  { names: ['sinks'], load: async () => (await import('./sinks.ts')).addSinks },
  { names: ['verify'], load: async () => (await import('./verify.ts')).addVerify },
  { names: ['witness'], load: async () => (await import('./witness.ts')).addWitness },
  { names: ['worker'], load: async () => (await import('./worker.ts')).addWorker },
  {
    names: ['sample-boards'],
    load: async () => (await import('./sample-boards.ts')).addSampleBoards,
  },
  { names: ['config'], load: async () => (await import('./config.ts')).addConfig },
  { names: ['doctor'], load: async () => (await import('./doctor.ts')).addDoctor },
]
