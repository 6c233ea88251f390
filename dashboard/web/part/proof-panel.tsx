import { Button } from 'antd'
import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useProof, useProofState } from '../api/proof-hooks.ts'
import type { Inclusion } from '../api/types.ts'
import { shortHash, momentText } from '../look/format.ts'
import { Facts, Panel } from '../look/panel.tsx'
import { ErrorWords } from '../shell/states.tsx'

/** That the log has what is shown here: every event of the part against the signed root, when somebody asks. */
export function ProofPanel({ unit, position }: { unit: string; position: number }): ReactNode {
  const { t } = useTranslation()
  const signs = useProofState()
  const query = useProof(unit)
  if (signs.data === undefined) return null
  const { error, data } = query
  return (
    <Panel
      title={t('proof.title')}
      extra={
        <span className="hold-buttons">
          <Button size="small" loading={query.isFetching} onClick={() => void query.refetch()}>
            {t('proof.check')}
          </Button>
          <a href={`/api/parts/${encodeURIComponent(unit)}/bundle`} download>
            {t('proof.bundle')}
          </a>
        </span>
      }
    >
      {error && (
        <p className="tone-fail">
          <ErrorWords error={error} />
        </p>
      )}
      {data && <Checked proof={data} position={position} at={query.dataUpdatedAt} />}
      {!data && !error && <p className="muted small">{t('proof.hint')}</p>}
    </Panel>
  )
}

function Checked({ proof, position, at }: { proof: Inclusion; position: number; at: number }): ReactNode {
  const { t } = useTranslation()
  const { checkpoint, cosigned, events } = proof
  if (checkpoint === null) return <p className="tone-inconclusive">{t('proof.none')}</p>
  const own = events.find((e) => e.position === position)
  const broken = events.filter((e) => e.proof !== null && !e.proven)
  const waiting = events.filter((e) => e.proof === null)
  const proven = events.filter((e) => e.proven)
  return (
    <>
      {broken.length + proven.length > 0 && (
        <p className={broken.length > 0 ? 'tone-fail' : 'tone-pass'} data-proof>
          {broken.length > 0
            ? t('proof.broken', { list: broken.map((e) => `#${e.position}`).join(', ') })
            : t('proof.proven', { n: proven.length, at: momentText(new Date(at).toISOString()) })}
        </p>
      )}
      {waiting.length > 0 && <p className="tone-inconclusive">{t('proof.waiting', { n: waiting.length })}</p>}
      <Facts
        items={[
          [t('proof.leaf'), own ? <Leaf key="l" of={own} /> : '–'],
          [
            t('proof.size'),
            <span key="s" className="mono">
              {checkpoint.size}
            </span>,
          ],
          [
            t('proof.root'),
            <code key="r" className="hash">
              {checkpoint.root}
            </code>,
          ],
          [
            t('proof.signer'),
            <code key="k" className="hash">
              {checkpoint.key}
            </code>,
          ],
          [
            t('proof.cosigned'),
            cosigned.length === 0
              ? t('proof.noWitness')
              : cosigned.map((c) => `${c.witness}, ${momentText(c.time)}`).join(' · '),
          ],
        ]}
      />
    </>
  )
}

const Leaf = ({ of: { position, leafHash, proof } }: { of: Inclusion['events'][number] }): ReactNode => (
  <span className="mono" title={`SHA-256 ${leafHash}`}>
    {position - 1}{' '}
    <span className="muted">
      {shortHash(leafHash)}… + {proof?.length ?? 0}
    </span>
  </span>
)
