import type { RejectOutput, RejectOutputSpec } from '../../contracts/index.ts'
import { modbusOutput } from './modbus-output.ts'
import { recordingOutput } from './recording-output.ts'

/** Adapter name → output to the reject gate. */
export function createRejectOutput(spec: RejectOutputSpec): RejectOutput {
  switch (spec.adapter) {
    case 'recording':
      return recordingOutput()
    case 'modbus-tcp': {
      const { adapter: _, ...options } = spec
      return modbusOutput(options)
    }
  }
}
