import type { IdentitySource, IdentitySourceSpec } from '../../contracts/index.ts'
import { httpReads } from './http-reads.ts'
import { llrpReader } from './llrp-reader.ts'
import { mqttReads } from './mqtt-reads.ts'
import { scannerLines } from './scanner-lines.ts'

/** The source of reads that a section of the line file describes. */
export function createIdentitySource(spec: IdentitySourceSpec): IdentitySource {
  switch (spec.adapter) {
    case 'scanner-tcp':
    case 'scanner-serial':
    case 'scanner-keyboard':
      return scannerLines(spec)
    case 'http-reads':
      return httpReads(spec)
    case 'mqtt-reads':
      return mqttReads(spec)
    case 'llrp':
      return llrpReader(spec)
  }
}
