import { Alert } from 'antd'
import { type ReactNode } from 'react'
import { Link } from 'react-router'
import { useLife } from '../api/life-hooks.ts'
import { useText } from '../i18n/index.ts'
import { codeText } from '../look/format.ts'

/** First articles that wait for a word, which no sample picks: until it is said their station lets nothing go. */
export function FirstArticlesWait(): ReactNode {
  const text = useText()
  return useLife().data?.stations.map(({ station, firstArticle }) =>
    !firstArticle?.wanted || firstArticle.waiting.length === 0 ? null : (
      <Alert
        key={station}
        type="warning"
        showIcon
        title={
          <span data-first-article={station}>
            {station}: {text(firstArticle.wanted)}
            {firstArticle.waiting.map(({ inspectionId, serial }) => (
              <Link key={inspectionId} className="chip mono" to={`/part/${inspectionId}`}>
                {codeText(serial)}
              </Link>
            ))}
          </span>
        }
      />
    ),
  )
}
