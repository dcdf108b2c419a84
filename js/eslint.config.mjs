import eslint from '@eslint/js';
import jupyter from '@jupyter/eslint-plugin';
import hooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['lib/**', 'node_modules/**', 'src/api/openapi.d.ts', 'style/index.js'] },
  eslint.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx', '**/*.mts'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { project: './tsconfig.test.json', tsconfigRootDir: import.meta.dirname }
    },
    plugins: { jupyter, 'react-hooks': hooks },
    rules: {
      ...hooks.configs.recommended.rules,
      ...jupyter.configs.recommended[0].rules,
      // the side panel is there from the start, so nothing is gained by loading it later
      'jupyter/prefer-lazy-imports': 'off',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/naming-convention': [
        'error',
        {
          selector: 'interface',
          format: ['PascalCase'],
          custom: { regex: '^I[A-Z]', match: true },
          filter: { regex: '^(Client|ColumnMeta)$', match: false }
        }
      ],
      eqeqeq: ['error', 'always'],
      'max-lines': ['error', { max: 250, skipBlankLines: true, skipComments: true }]
    }
  },
  {
    files: ['src/components/**'],
    rules: {
      'max-lines': ['error', { max: 150, skipBlankLines: true, skipComments: true }],
      // components get props and callbacks: no server state, no application
      'no-restricted-imports': [
        'error',
        { patterns: ['**/model', '**/jobs', '**/hooks', '**/acts', '**/client', '**/plugins/*', '@jupyterlab/application', '@tanstack/react-query'] }
      ]
    }
  },
  {
    files: ['src/**'],
    ignores: ['src/plugins/**', 'src/__tests__/**', 'src/index.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { paths: [{ name: '@jupyterlab/application', message: 'Only plugins see the application.' }] }
      ]
    }
  },
  {
    files: ['src/__tests__/**', 'vitest.setup.ts'],
    rules: {
      'max-lines': 'off',
      'jupyter/command-id-convention': 'off',
      'jupyter/no-untranslated-string': 'off'
    }
  }
);
