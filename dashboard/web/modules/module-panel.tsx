import { useQuery } from '@tanstack/react-query'
import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { getJson } from '../api/client.ts'
import { useText } from '../i18n/index.ts'
import { Panel } from '../look/panel.tsx'
import { Failed, Nothing, Waiting } from '../shell/states.tsx'
import { DRAW } from './draw.tsx'
import type { PanelSpec, PanelState } from './module-types.ts'

/** One declared panel: asks its source, says what is missing, draws by kind. */
export function ModulePanel({ slug, spec }: { slug: string; spec: PanelSpec }): ReactNode {
  const { t } = useTranslation()
  const text = useText()
  const draw = DRAW[spec.kind]
  const query = useQuery({
    queryKey: ['panel', slug, spec.src],
    enabled: draw !== undefined,
    queryFn: ({ signal }) => getJson<PanelState | null>(`/api/m/${slug}/x${spec.src}`, signal),
    refetchInterval: 5_000,
  })
  const { data } = query
  const body = (): ReactNode => {
    if (!draw)
      return (
        <Nothing title={t('modules.unknownKind', { kind: spec.kind })} hint={t('modules.unknownKindHint')} />
      )
    if (query.error && data === undefined)
      return <Failed error={query.error} retry={() => void query.refetch()} />
    if (data === undefined) return <Waiting />
    if (data === null) return <Nothing title={t('modules.empty')} />
    return (
      <>
        <PanelNeeds state={data} />
        {draw(data)}
        {data.notes?.map((note, i) => (
          <p key={i} className="muted small panel-note">
            {text(note)}
          </p>
        ))}
      </>
    )
  }
  return (
    <Panel
      title={text(spec.title)}
      className={`w-${spec.w ?? 6}`}
      extra={spec.help && <span className="muted small panel-help">{text(spec.help)}</span>}
    >
      {body()}
    </Panel>
  )
}

function PanelNeeds({ state }: { state: PanelState }): ReactNode {
  const { t } = useTranslation()
  const text = useText()
  if (!state.needs || state.status === 'ok') return null
  const { have, need } = state.needs
  return (
    <div className="needs">
      <span className="badge tone-inconclusive">{t(`modules.status.${state.status ?? 'partial'}`)}</span>
      <span>{text(state.needs.text)}</span>
      {have !== undefined && need !== undefined && need > 0 && (
        <progress value={Math.min(have, need)} max={need} aria-label={`${have} / ${need}`} />
      )}
    </div>
  )
}
