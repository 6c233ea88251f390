import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: '../../dist/dashboard/web',
    emptyOutDir: true,
    target: 'es2022',
    // antd alone is near a megabyte before compression; it is loaded once from the line PC and kept for a year.
    chunkSizeWarningLimit: 1400,
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8414', '/docs': 'http://127.0.0.1:8414' } },
})
