import { Button, InputNumber, Radio } from 'antd'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { sendAgain, type ShownSink } from '../api/sink-hooks.ts'
import { DeedDialog } from '../look/deed-dialog.tsx'

/** Sends a sink its dead letters again, or everything behind a position, after somebody has confirmed it. */
export function SinkReplay({ sink: { sink, dead, position } }: { sink: ShownSink }): ReactNode {
  const { t } = useTranslation()
  const [open, setOpen] = useState(false)
  const [which, setWhich] = useState<'dead' | 'from'>('dead')
  const [from, setFrom] = useState<number | null>(null)
  const wanted = dead === 0 ? 'from' : which
  return (
    <>
      <Button size="small" data-sink-replay={sink} onClick={() => setOpen(true)}>
        {t('sinks.replay')}
      </Button>
      {open && (
        <DeedDialog
          title={t('sinks.replayTitle', { sink })}
          confirm={t('sinks.now')}
          withoutReason
          complete={wanted === 'dead' || from !== null}
          act={({ by }) => sendAgain(sink, wanted === 'dead' ? null : from, by)}
          close={() => setOpen(false)}
        >
          <Radio.Group
            className="sink-choice"
            value={wanted}
            onChange={(e) => setWhich(e.target.value as 'dead' | 'from')}
          >
            <Radio value="dead" disabled={dead === 0}>
              {t('sinks.replayDead', { n: dead })}
            </Radio>
            <Radio value="from">{t('sinks.replayFrom')}</Radio>
          </Radio.Group>
          {wanted === 'from' && (
            <label>
              <span>{t('sinks.fromLabel', { position })}</span>
              <InputNumber
                min={0}
                max={position}
                precision={0}
                value={from}
                onChange={setFrom}
                data-sink-from=""
              />
            </label>
          )}
          <p className="muted">{t('sinks.means')}</p>
        </DeedDialog>
      )}
    </>
  )
}
