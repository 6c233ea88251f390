/** Columns the read side uses, for Kysely; the definitions are in store/schema-1.ts. */
export interface TraceTables {
  event: {
    position: number
    id: string
    source: string
    type: string
    subject: string
    partitionkey: string
    time: string
    json: string
  }
  trace_fact: {
    position: number
    id: string
    kind: string
    subject: string
    at: string
    superseded_by: number | null
  }
  inspection: {
    position: number
    inspection_id: string
    station: string
    trigger_number: number
    attempt: number
    unit: string
    serial: string
    identified_by: 'code' | 'trigger'
    product: string
    lot: string | null
    run_type: string
    recipe_sha256: string
    result: 'pass' | 'fail' | 'inconclusive'
    disposition: 'release' | 'rework' | 'scrap' | 'hold'
    severity: 'minor' | 'major' | 'critical' | null
    no_verdict: string | null
    recipe: string
    started_at: string
    ended_at: string
    total_ms: number
    budget_ms: number
    reasons: string
    registration: string | null
    record: Uint8Array
    record_encoding: string
  }
  defect: {
    position: number
    n: number
    class: string
    score: number
    x1: number
    y1: number
    x2: number
    y2: number
  }
  inspection_image: { position: number; view: string; sha256: string; width_px: number; height_px: number }
  image: {
    sha256: string
    bytes: number
    mime: string
    path: string
    retention: string
    deleted_at: string | null
  }
  identity: {
    uri: string
    serial: string
    kind: string
    product: string
    lot: string | null
    first_at: string
  }
  identity_alias: { value: string; scheme: string; uri: string }
  carrier_read: {
    position: number
    n: number
    tool: string
    ok: number
    symbology: string
    text: string
    error: string | null
  }
  edge: {
    child: string
    parent: string
    kind: string
    certainty: 'certain' | 'probable'
    quantity: number | null
    valid_from: string
    valid_to: string | null
  }
  material_lot: { uri: string; lot: string; product: string; supplier: string | null; first_at: string }
  gate: { id: string; inspection_id: string; at: string; ok: number; command: string; ack: string }
  late_result: { id: string; inspection_id: string; at: string; result: string; outcome: string }
  review: {
    position: number
    inspection_id: string
    reviewer: string
    before: string
    after: string
    reason: string
    at: string
  }
}
