import { Input } from 'antd'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { newId } from '../api/client.ts'
import { takeStep } from '../api/ncr-hooks.ts'
import type { NcrDetail } from '../api/types.ts'
import { DeedDialog } from '../look/deed-dialog.tsx'
import { momentText } from '../look/format.ts'
import { Panel } from '../look/panel.tsx'
import { LineButton } from '../shell/site.tsx'
import { Table } from '../look/wide.tsx'

type Action = NcrDetail['actions'][number]
type Asking = { kind: 'act'; action: Action | null } | { kind: 'done' | 'drop'; action: Action } | null

/** What is done against the cause, by whom and until when. */
export function ActionsPanel({ ncr }: { ncr: NcrDetail }): ReactNode {
  const { t } = useTranslation()
  const [asking, setAsking] = useState<Asking>(null)
  const open = ncr.ended === null
  return (
    <Panel
      title={t('ncr.step.act')}
      extra={
        open && (
          <LineButton data-ncr-act="" onClick={() => setAsking({ kind: 'act', action: null })}>
            {t('ncr.addAction')}
          </LineButton>
        )
      }
    >
      {ncr.actions.length === 0 ? (
        <p className="muted">{t('ncr.notYet')}</p>
      ) : (
        <Table<Action>
          rowKey="id"
          size="small"
          pagination={false}
          dataSource={ncr.actions}
          columns={[
            {
              title: t('ncr.action'),
              className: 'wrap',
              render: (_, a) => (
                <>
                  {a.text}
                  {a.ended && (
                    <div className="muted small">
                      {a.ended.note} ({a.ended.by}, {momentText(a.ended.at)})
                    </div>
                  )}
                </>
              ),
            },
            { title: t('ncr.owner'), dataIndex: 'owner' },
            { title: t('ncr.due'), className: 'mono nowrap', dataIndex: 'due' },
            {
              title: <span className="unseen">{t('icon.deeds')}</span>,
              className: 'nowrap',
              render: (_, a) =>
                a.state === 'open' && open ? (
                  <span className="hold-buttons">
                    <LineButton data-ncr-done="" onClick={() => setAsking({ kind: 'done', action: a })}>
                      {t('ncr.do.done')}
                    </LineButton>
                    <LineButton onClick={() => setAsking({ kind: 'act', action: a })}>
                      {t('ncr.change')}
                    </LineButton>
                    <LineButton onClick={() => setAsking({ kind: 'drop', action: a })}>
                      {t('ncr.do.drop')}
                    </LineButton>
                  </span>
                ) : (
                  <span className={a.state === 'done' ? 'tone-pass' : 'muted'}>
                    {t(`ncr.actionState.${a.state}`)}
                  </span>
                ),
            },
          ]}
        />
      )}
      {asking?.kind === 'act' && (
        <ActionDialog ncr={ncr.id} action={asking.action} close={() => setAsking(null)} />
      )}
      {asking !== null && asking.kind !== 'act' && (
        <DeedDialog
          title={t(`ncr.do.${asking.kind}`)}
          confirm={t('ncr.record')}
          act={({ by, reason }, decision) =>
            takeStep({ kind: asking.kind, ncr: ncr.id, by, action: asking.action.id, note: reason }, decision)
          }
          close={() => setAsking(null)}
        >
          <p>{asking.action.text}</p>
        </DeedDialog>
      )}
    </Panel>
  )
}

function ActionDialog(p: { ncr: string; action: Action | null; close(): void }): ReactNode {
  const { t } = useTranslation()
  const [id] = useState(() => p.action?.id ?? newId())
  const [text, setText] = useState(p.action?.text ?? '')
  const [owner, setOwner] = useState(p.action?.owner ?? '')
  const [due, setDue] = useState(p.action?.due ?? '')
  return (
    <DeedDialog
      title={t(p.action === null ? 'ncr.addAction' : 'ncr.change')}
      confirm={t('ncr.record')}
      withoutReason
      complete={text.trim() !== '' && owner.trim() !== '' && due !== ''}
      act={({ by }, decision) =>
        takeStep(
          { kind: 'act', ncr: p.ncr, by, action: id, text: text.trim(), owner: owner.trim(), due },
          decision,
        )
      }
      close={p.close}
    >
      <label>
        <span>{t('ncr.action')}</span>
        <Input.TextArea rows={2} value={text} maxLength={500} onChange={(e) => setText(e.target.value)} />
      </label>
      <label>
        <span>{t('ncr.owner')}</span>
        <Input value={owner} maxLength={128} onChange={(e) => setOwner(e.target.value)} />
      </label>
      <label>
        <span>{t('ncr.due')}</span>
        <Input type="date" className="dark-date" value={due} onChange={(e) => setDue(e.target.value)} />
      </label>
    </DeedDialog>
  )
}
