import { Alert, Button } from 'antd'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useSend } from '../api/life-hooks.ts'
import { forgetOperator, useOperators } from '../api/operator-hooks.ts'
import type { OperatorsAnswer } from '../api/types.ts'
import { Dialog } from '../look/dialog.tsx'
import { Panel } from '../look/panel.tsx'
import { ErrorWords } from '../shell/states.tsx'
import { Wide } from '../look/wide.tsx'

type Person = OperatorsAnswer['known'][number]

/** The people behind the references in the log, and the way to forget one; on the line PC alone. */
export function PeoplePanel(): ReactNode {
  const { t } = useTranslation()
  const { data } = useOperators()
  const [leaving, setLeaving] = useState<Person | null>(null)
  const forget = useSend(forgetOperator)
  const close = (): void => {
    setLeaving(null)
    forget.reset()
  }
  if (!data || data.known.length === 0) return null
  const at = (ref: string): string =>
    data.stations
      .filter((s) => s.operator?.ref === ref)
      .map((s) => s.station)
      .join(', ')
  return (
    <Panel title={t('people.title')}>
      <Wide>
        <table className="facts-table">
          <thead>
            <tr>
              <th>{t('people.name')}</th>
              <th>{t('people.ref')}</th>
              <th>{t('people.at')}</th>
              <td />
            </tr>
          </thead>
          <tbody>
            {data.known.map((person) => (
              <tr key={person.ref} data-person={person.ref}>
                <td>{person.name ?? '–'}</td>
                <td className="mono">{person.ref}</td>
                <td>{at(person.ref) || '–'}</td>
                <td className="num">
                  <Button size="small" danger onClick={() => setLeaving(person)}>
                    {t('people.forget')}
                  </Button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Wide>
      {leaving && (
        <Dialog
          title={t('people.ask', { who: leaving.name ?? leaving.ref })}
          okText={t('people.forget')}
          cancelText={t('deed.cancel')}
          okButtonProps={{ danger: true, loading: forget.isPending }}
          onOk={() => forget.mutate(leaving.ref, { onSuccess: close })}
          onCancel={close}
        >
          <p>{t('people.means', { ref: leaving.ref })}</p>
          {forget.error && <Alert type="error" title={<ErrorWords error={forget.error} />} />}
        </Dialog>
      )}
    </Panel>
  )
}
