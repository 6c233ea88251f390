import { useLayoutEffect, useMemo, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useNavigate, useParams, useSearchParams } from 'react-router'
import { filterOf, filterText, usePart, type PartFilter } from '../api/hooks.ts'
import type { Finding, PartAnswer, Verdict } from '../api/types.ts'
import { Failed, Waiting } from '../shell/states.tsx'
import { hasProof } from '../shell/site.tsx'
import { useTitle } from '../shell/title.ts'
import { CodesPanel } from './codes-panel.tsx'
import { FindingsPanel } from './findings-panel.tsx'
import { GatePanel } from './gate-panel.tsx'
import { LifePanel } from './life-panel.tsx'
import { MeasurementsPanel } from './measurements-panel.tsx'
import { OriginPanel } from './origin-panel.tsx'
import { ProofPanel } from './proof-panel.tsx'
import { ReviewPanel } from './review-panel.tsx'
import { RulesPanel } from './rules-panel.tsx'
import { TimingPanel } from './timing-panel.tsx'
import { VerdictPanel } from './verdict-panel.tsx'
import { UnitLifePanel } from './unit-life-panel.tsx'
import { pageKey } from './viewer/viewer-keys.ts'
import { useViewerSettings } from './viewer/viewer-settings.ts'
import { Viewer } from './viewer/viewer.tsx'

/** Everything about one inspection; j and k walk through the list it was opened from. */
export function PartPage(): ReactNode {
  const { inspectionId = '' } = useParams()
  const [search] = useSearchParams()
  const filter = useMemo(() => filterOf(search), [search])
  const query = usePart(inspectionId, filter)
  const go = useNeighbours(query.isPlaceholderData ? undefined : query.data, filter)
  if (query.error && !query.data) return <Failed error={query.error} retry={() => void query.refetch()} />
  if (!query.data) return <Waiting />
  return <PartView answer={query.data} former={query.isPlaceholderData} filter={filter} go={go} />
}

type Go = (to: 'older' | 'newer') => void

function useNeighbours(answer: PartAnswer | undefined, filter: PartFilter): Go {
  const navigate = useNavigate()
  const go = useMemo<Go>(
    () => (to) => {
      const id = answer?.neighbours[to]
      if (id) void navigate(`/part/${id}?${filterText(filter)}`)
    },
    [answer, filter, navigate],
  )
  // Before the page is painted: a key pressed as soon as the part is seen is for this part.
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const key = pageKey(event)
      if (key === 'j' || key === 'ArrowRight') go('older')
      else if (key === 'k' || key === 'ArrowLeft') go('newer')
      else return
      event.preventDefault()
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [go])
  return go
}

const condemned = ({ findings, defects }: Verdict): Finding[] => {
  const ids = new Set(defects)
  return findings.filter((f) => ids.has(f.id))
}

function PartView(p: {
  answer: PartAnswer
  /** It is of the part before; the one that the address names is waited for. */
  former: boolean
  filter: PartFilter
  go: Go
}): ReactNode {
  const { answer, former, filter, go } = p
  const { t } = useTranslation()
  const [settings, change] = useViewerSettings()
  const [hovered, setHovered] = useState<string | null>(null)
  const [focus, setFocus] = useState<{ id: string } | null>(null)
  const { part, neighbours } = answer
  useTitle(former ? '…' : part.row.serial)
  return (
    <div className="page part-page" data-inspection={former ? undefined : part.row.inspectionId}>
      <div className="part-nav">
        <Link to={`/parts?${filterText(filter)}`}>← {t('part.back')}</Link>
        <span className="muted">
          {[filter.station, filter.result && t(`verdict.${filter.result as 'pass'}`)]
            .filter(Boolean)
            .join(' · ')}
        </span>
        <span className="grow" />
        <button type="button" disabled={!neighbours.newer} onClick={() => go('newer')}>
          <kbd>k</kbd> {t('part.newer')}
        </button>
        <button type="button" disabled={!neighbours.older} onClick={() => go('older')}>
          {t('part.older')} <kbd>j</kbd>
        </button>
      </div>
      {former && (
        <div className="part-wait">
          <Waiting />
        </div>
      )}
      {/* Out of sight all keeps its place: the page is not scrolled, and the picture keeps its zoom for the next part. */}
      <div className="part-all" inert={former}>
        <div className="part-view">
          <Viewer
            answer={answer}
            settings={settings}
            change={change}
            hovered={hovered}
            onHover={setHovered}
            focus={focus}
          />
        </div>
        {/* Made anew for each part: a dialog that was opened for one must not be sent for another. */}
        <div className="part-facts" key={`${part.row.inspectionId}/judged`}>
          <VerdictPanel part={part} />
          <FindingsPanel
            verdict={part.verdict}
            hovered={hovered}
            onHover={setHovered}
            onPick={(id) => setFocus({ id })}
          />
          <MeasurementsPanel measurements={part.verdict.measurements} onHover={setHovered} />
          <CodesPanel
            codes={[...part.verdict.codes, ...part.reads]}
            named={part.row.identifiedBy === 'code'}
          />
          <RulesPanel verdict={part.verdict} />
        </div>
        <div className="part-facts" key={`${part.row.inspectionId}/after`}>
          <TimingPanel timing={part.timing} budgetMs={part.row.budgetMs} />
          <GatePanel part={part} />
          <ReviewPanel part={part} />
          <OriginPanel part={part} recipe={answer.recipe} />
          <UnitLifePanel
            serial={part.row.serial}
            product={part.row.product}
            seen={{
              inspectionId: part.row.inspectionId,
              classes: [...new Set(condemned(part.verdict).map((f) => f.class))],
              last: part.siblings.at(-1)?.inspectionId === part.row.inspectionId,
              decision: part.row.decision,
            }}
          />
          <LifePanel part={part} />
          {hasProof() && <ProofPanel unit={part.row.unit ?? part.row.serial} position={part.row.position} />}
        </div>
      </div>
    </div>
  )
}
