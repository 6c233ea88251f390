import type {
  CountedTrigger,
  FrameSource,
  Inspector,
  PartStore,
  ReadsBeside,
  RejectOutput,
  ShiftCalendar,
} from '../../contracts/index.ts'
import type { EngineLog } from './alarm-board.ts'
import type { Identify, JudgedPart } from './judged-part.ts'
import type { Shadow } from './shadow.ts'

/** What one station works with. */
export interface StationPorts {
  source: FrameSource
  inspector: Inspector
  output: RejectOutput
  store: PartStore
  /** Last trigger of earlier runs, asked before the source was opened: what it announced since is of this run. */
  last: CountedTrigger | null
  identify: Identify
  /** What is read beside the camera; absent = nothing is. */
  reads?: ReadsBeside
  /** Says the shift of each part; absent = that of the context. */
  shifts?: ShiftCalendar
  /** Reference of who is signed on at this moment; absent = nobody ever is. */
  operator?(): string | undefined
  /** Looks at frames after their gate was served. */
  shadow?: Pick<Shadow, 'after'>
  /** Called after the gate was served. */
  onPart(part: JudgedPart): void
  log: EngineLog
}
