import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { App as AntApp, ConfigProvider } from 'antd'
import enUS from 'antd/locale/en_US'
import zhCN from 'antd/locale/zh_CN'
import { lazy, Suspense, type ReactNode } from 'react'
import { BrowserRouter, Route, Routes } from 'react-router'
import { ApiError } from './api/client.ts'
import { useLanguage } from './i18n/index.ts'
import { AndonPage } from './live/andon-page.tsx'
import { AskAgain } from './live/ask-again.ts'
import { LivePage } from './live/live-page.tsx'
import { antTheme } from './look/theme.ts'
import { Guarded } from './shell/broken.tsx'
import { Shell } from './shell/shell.tsx'
import { atPlant } from './shell/site.tsx'
import { Waiting } from './shell/states.tsx'

const PartsPage = lazy(() => import('./parts/parts-page.tsx').then((m) => ({ default: m.PartsPage })))
const PartPage = lazy(() => import('./part/part-page.tsx').then((m) => ({ default: m.PartPage })))
const PlantPage = lazy(() => import('./plant/plant-page.tsx').then((m) => ({ default: m.PlantPage })))
const AnalysisPage = lazy(() =>
  import('./analysis/analysis-page.tsx').then((m) => ({ default: m.AnalysisPage })),
)
const ReviewPage = lazy(() => import('./review/review-page.tsx').then((m) => ({ default: m.ReviewPage })))
const ModelsPage = lazy(() => import('./models/models-page.tsx').then((m) => ({ default: m.ModelsPage })))
const HoldsPage = lazy(() => import('./holds/holds-page.tsx').then((m) => ({ default: m.HoldsPage })))
const NcrPage = lazy(() => import('./ncr/ncr-page.tsx').then((m) => ({ default: m.NcrPage })))
const NcrOnePage = lazy(() => import('./ncr/ncr-one-page.tsx').then((m) => ({ default: m.NcrOnePage })))
const LotPage = lazy(() => import('./holds/lot-page.tsx').then((m) => ({ default: m.LotPage })))
const ModulesPage = lazy(() => import('./modules/modules-page.tsx').then((m) => ({ default: m.ModulesPage })))
const SystemPage = lazy(() => import('./system/system-page.tsx').then((m) => ({ default: m.SystemPage })))
const AccountsPage = lazy(() =>
  import('./people/accounts-page.tsx').then((m) => ({ default: m.AccountsPage })),
)
const NotFoundPage = lazy(() => import('./shell/not-found.tsx').then((m) => ({ default: m.NotFoundPage })))

/** So old is no answer that a tab shows which is looked at again, ms; who goes from tab to tab asks for nothing. */
const OLD_MS = 60_000

const queries = new QueryClient({
  // What one person was shown is not for the next, who may not see it.
  queryCache: new QueryCache({
    onError: (error, query) => {
      if (error instanceof ApiError && (error.status === 401 || error.status === 403))
        query.setState({ data: undefined })
    },
  }),
  defaultOptions: {
    // Whether the browser thinks that it is online says nothing about a server on this machine or in the hall: what waited
    // for that would stand still beside a live line, and what was said would be sent hours later.
    mutations: { networkMode: 'always' },
    queries: {
      networkMode: 'always',
      // As without it.
      refetchOnReconnect: true,
      staleTime: 1_000,
      // A refused request stays refused; only a lost connection is worth another try.
      retry: (count, error) => count < 2 && (!(error instanceof ApiError) || error.status === 0),
      // What is asked for only once would stand there in the morning as if it were of now.
      refetchOnWindowFocus: ({ state }) =>
        Date.now() - Math.max(state.dataUpdatedAt, state.errorUpdatedAt) > OLD_MS ? 'always' : false,
    },
  },
})

export function App(): ReactNode {
  const language = useLanguage()
  return (
    <ConfigProvider
      theme={antTheme}
      locale={language === 'zh' ? zhCN : enUS}
      componentSize="small"
      button={{ autoInsertSpace: false }}
    >
      <AntApp className="ant-root">
        <QueryClientProvider client={queries}>
          <AskAgain />
          <BrowserRouter>
            <Guarded>
              <Suspense fallback={<Waiting />}>
                <Routes>
                  {!atPlant() && <Route path="/andon" element={<AndonPage />} />}
                  <Route element={<Shell />}>
                    <Route index element={atPlant() ? <PlantPage /> : <LivePage />} />
                    <Route path="/parts" element={<PartsPage />} />
                    <Route path="/part/:inspectionId" element={<PartPage />} />
                    <Route path="/analysis" element={<AnalysisPage />} />
                    <Route path="/holds" element={<HoldsPage />} />
                    <Route path="/ncr" element={<NcrPage />} />
                    <Route path="/ncr/:ncr" element={<NcrOnePage />} />
                    <Route path="/accounts" element={<AccountsPage />} />
                    <Route path="/lot/:lot?" element={<LotPage />} />
                    {!atPlant() && (
                      <>
                        <Route path="/review" element={<ReviewPage />} />
                        <Route path="/models/:tab?" element={<ModelsPage />} />
                        <Route path="/modules/:slug?" element={<ModulesPage />} />
                        <Route path="/system" element={<SystemPage />} />
                      </>
                    )}
                    <Route path="*" element={<NotFoundPage />} />
                  </Route>
                </Routes>
              </Suspense>
            </Guarded>
          </BrowserRouter>
        </QueryClientProvider>
      </AntApp>
    </ConfigProvider>
  )
}
