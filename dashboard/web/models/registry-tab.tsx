import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { usePackages } from '../api/life-hooks.ts'
import type { RegisteredModel } from '../api/types.ts'
import { useText } from '../i18n/index.ts'
import { numberText, shortHash } from '../look/format.ts'
import { Facts, Panel } from '../look/panel.tsx'
import { usePaging } from '../look/printing.ts'
import { ErrorWords, Failed, Nothing, Waiting } from '../shell/states.tsx'
import { Table } from '../look/wide.tsx'

/** Every model package this line could pin by hash, where it comes from, and whether it is as it was signed. */
export function RegistryTab(): ReactNode {
  const { t } = useTranslation()
  const paging = usePaging()
  const text = useText()
  const packages = usePackages()
  if (packages.error && !packages.data)
    return <Failed error={packages.error} retry={() => void packages.refetch()} />
  if (!packages.data) return <Waiting />
  return (
    <Panel title={t('models.tab.registry')}>
      <Table<RegisteredModel>
        rowKey="dir"
        size="small"
        dataSource={packages.data.packages}
        pagination={paging(packages.data.packages.length, 30)}
        locale={{ emptyText: <Nothing title={t('registry.none')} hint={t('registry.noneHint')} /> }}
        expandable={{
          expandedRowRender: (m) => <Details model={m} />,
          columnTitle: <span className="unseen">{t('icon.expand')}</span>,
        }}
        columns={[
          {
            title: t('origin.model'),
            render: (_, m) => (
              <>
                <b>{m.id ?? m.dir.split('/').at(-1)}</b> {m.version}
                <div className="muted small">{m.title && text(m.title)}</div>
              </>
            ),
          },
          { title: t('registry.family'), className: 'mono', render: (_, m) => m.family ?? '–' },
          {
            title: 'SHA-256',
            render: (_, m) => m.sha256 && <code title={m.sha256}>{shortHash(m.sha256)}</code>,
          },
          {
            title: t('registry.state'),
            render: (_, m) =>
              m.error ? (
                <span className="tone-fail">
                  <ErrorWords error={m.error} />
                </span>
              ) : (
                <>
                  <span className="tone-pass">{t('registry.signed', { by: m.signedBy ?? '' })}</span>
                  <div className={m.reproduced ? 'small tone-pass' : 'muted small'}>
                    {t(m.reproduced ? 'registry.reproduced' : 'registry.notRun', { n: m.goldenVectors })}
                  </div>
                </>
              ),
          },
          {
            title: t('models.inForce'),
            render: (_, m) =>
              m.inForce.length === 0
                ? '–'
                : m.inForce.map(({ station, recipe }) => (
                    <div key={station}>
                      {station} <span className="muted">{recipe}</span>
                    </div>
                  )),
          },
        ]}
      />
    </Panel>
  )
}

function Details({ model: m }: { model: RegisteredModel }): ReactNode {
  const { t } = useTranslation()
  return (
    <Facts
      items={[
        [t('registry.folder'), <code key="d">{m.dir}</code>],
        ...(m.sha256 ? [['SHA-256', <code key="s">{m.sha256}</code>] as const] : []),
        [t('registry.licence'), m.licence ?? '–'],
        [
          t('registry.lineage'),
          m.lineage.length === 0
            ? '–'
            : m.lineage.map((d) => (
                <div key={d.name}>
                  {d.name} <span className="muted">{d.licence}</span>{' '}
                  {d.sha256 && <code title={d.sha256}>{shortHash(d.sha256)}</code>}
                </div>
              )),
        ],
        ...(m.threshold
          ? [
              [
                t('registry.threshold'),
                `${numberText(m.threshold.value)}: ${m.threshold.provenance}`,
              ] as const,
            ]
          : []),
        ...Object.entries(m.metrics).map(([name, value]) => [name, numberText(value)] as const),
      ]}
    />
  )
}
