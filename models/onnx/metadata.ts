import { readFields, textOf } from './wire.ts'

/** onnx.proto3: ModelProto.metadata_props, of StringStringEntryProto. */
const PROPERTIES = 14
const ENTRY = { key: 1, value: 2 } as const

/** What an exporter wrote about the model beside its graph. */
export function metadataOf(model: Uint8Array): Map<string, string> {
  const found = new Map<string, string>()
  for (const field of readFields(model))
    if (field.number === PROPERTIES && field.bytes !== null)
      found.set(textOf(field.bytes, ENTRY.key), textOf(field.bytes, ENTRY.value))
  return found
}
