import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { PartDetail, Verdict } from '../api/types.ts'
import { codeText } from '../look/format.ts'
import { Panel } from '../look/panel.tsx'

type Code = Verdict['codes'][number] & Partial<PartDetail['reads'][number]>

/** Whether a text is meant as a plain serial and is none; control characters stand between the fields of GS1 and others. */
const notPlain = (text: string): boolean => !/\p{Cc}/u.test(text) && !/^[!-~]{1,128}$/.test(text)

/** Codes of the image, and those given to the part beside the camera with the way they came to it. */
export function CodesPanel({ codes, named }: { codes: Code[]; named: boolean }): ReactNode {
  const { t } = useTranslation()
  if (codes.length === 0) return null
  return (
    <Panel title={t('codes.title')}>
      {codes.map((code, i) => (
        <div className="code-read" key={i}>
          <span className={code.ok ? 'tone-pass' : 'tone-fail'}>
            {t(code.ok ? 'codes.read' : 'codes.failed')}
          </span>
          <span>{code.symbology}</span>
          <span className="muted mono">{code.symbologyId}</span>
          <span className="mono code-text">{code.ok ? codeText(code.text) : code.error}</span>
          {!named && code.ok && notPlain(code.text) && (
            <span className="tone-inconclusive">{t('codes.notPlain')}</span>
          )}
          <span className="muted">
            {code.tool}
            {code.associatedBy && ` (${t(`codes.by.${code.associatedBy}`)})`}
          </span>
        </div>
      ))}
    </Panel>
  )
}
