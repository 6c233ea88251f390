import { Button, Checkbox } from 'antd'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { sendJson } from '../api/client.ts'
import { useTeachPicture } from '../api/life-hooks.ts'
import type { ShownTeachRun } from '../api/types.ts'
import { DeedDialog } from '../look/deed-dialog.tsx'
import { numberText } from '../look/format.ts'

type Made = NonNullable<ShownTeachRun['made']>

/** Good images that the others do not explain: look at each, take out what is not good. */
export function TeachSuspicious({ run, made }: { run: ShownTeachRun; made: Made }): ReactNode {
  const { t } = useTranslation()
  const [chosen, setChosen] = useState<readonly string[]>([])
  const [asking, setAsking] = useState(false)
  const { id } = run.ask
  const turn = (name: string, on: boolean): void =>
    setChosen(on ? [...chosen, name] : chosen.filter((n) => n !== name))
  return (
    <>
      <p className="tone-inconclusive">{t('teach.suspicious')}</p>
      <ul className="teach-pictures">
        {made.report.suspicious.map(({ name, deviations }) => (
          <li key={name} data-suspicious={name}>
            <Picture run={run.id} name={name} />
            <Checkbox checked={chosen.includes(name)} onChange={(e) => turn(name, e.target.checked)}>
              <Name of={name} />
            </Checkbox>
            <small>{t('teach.deviations', { n: numberText(deviations) })}</small>
          </li>
        ))}
      </ul>
      <Button size="small" data-take-out="" disabled={chosen.length === 0} onClick={() => setAsking(true)}>
        {t('teach.takeOut')}
      </Button>
      {asking && (
        <DeedDialog
          title={t('teach.takeOut')}
          confirm={t('teach.takeOut')}
          withoutReason
          act={async ({ by }) => {
            const from = { id, sha256: made.sha256 }
            await sendJson('POST', '/api/life/teach/again', { from, remove: chosen, by })
            setChosen([])
          }}
          close={() => setAsking(false)}
        >
          <p>{t('teach.takeOutMeans', { id, n: chosen.length, version: run.version })}</p>
        </DeedDialog>
      )}
    </>
  )
}

function Picture({ run, name }: { run: string; name: string }): ReactNode {
  const { t } = useTranslation()
  const picture = useTeachPicture(run, name)
  if (picture.data) return <img src={picture.data.image} alt={name} />
  return <span className="no-image">{picture.error ? t('teach.noPicture') : '…'}</span>
}

/** The image of a recorded part is named by its inspection. */
function Name({ of }: { of: string }): ReactNode {
  const id = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=\.)/.exec(of)?.[0]
  return id === undefined ? (
    of
  ) : (
    <Link className="mono" to={`/part/${id}`}>
      {id.slice(-12)}
    </Link>
  )
}
