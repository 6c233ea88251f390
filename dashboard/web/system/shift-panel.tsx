import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useShiftBalances } from '../api/hooks.ts'
import type { ShiftBalances } from '../api/types.ts'
import { useBalanceWords } from '../live/trigger-balance-box.tsx'
import { countText } from '../look/format.ts'
import { VerdictIcon } from '../look/icons.tsx'
import { Panel } from '../look/panel.tsx'
import { Wide } from '../look/wide.tsx'

type ShiftBalance = ShiftBalances['shifts'][number]

/** The trigger balance of the running shift and those before it, all stations together; nothing without a calendar. */
export function ShiftPanel(): ReactNode {
  const { t } = useTranslation()
  const { data } = useShiftBalances()
  if (!data || data.timeZone === null) return null
  return (
    <Panel title={t('balance.shifts')} extra={<span className="muted small">{data.timeZone}</span>}>
      <Wide>
        <table className="facts-table">
          <thead>
            <tr>
              <th>{t('balance.shift')}</th>
              <th className="num">{t('balance.triggers')}</th>
              <th className="num">{t('balance.verdicts')}</th>
              <th className="num">{t('balance.noVerdicts')}</th>
              <th className="num">{t('balance.open')}</th>
              <td />
            </tr>
          </thead>
          <tbody>
            {data.shifts.map((shift) => (
              <ShiftRow key={shift.from} shift={shift} />
            ))}
          </tbody>
        </table>
      </Wide>
    </Panel>
  )
}

function ShiftRow({ shift }: { shift: ShiftBalance }): ReactNode {
  const { t } = useTranslation()
  const sum = (of: 'triggers' | 'verdicts' | 'noVerdicts' | 'open'): string =>
    countText(shift.stations.reduce((n, s) => n + s[of], 0))
  const { tone, words } = useBalanceWords()(shift.stations)
  return (
    <tr data-shift={shift.name} data-balanced={shift.closed}>
      <td>
        {shift.running ? <b>{shift.name}</b> : shift.name}{' '}
        <span className="muted">{shift.running ? t('balance.running') : shift.date}</span>
      </td>
      <td className="num">{sum('triggers')}</td>
      <td className="num">{sum('verdicts')}</td>
      <td className="num">{sum('noVerdicts')}</td>
      <td className="num">{sum('open')}</td>
      <td>
        <span className={`tone-${tone}`} title={words}>
          <VerdictIcon result={tone} size={14} /> {shift.closed ? '' : words}
        </span>
      </td>
    </tr>
  )
}
