/** The words of the reader's language, for components. */
import { nullTranslator, type TranslationBundle } from '@jupyterlab/translation';
import { createContext, useContext } from 'react';

export const DOMAIN = 'hubgrade';

export const TransContext = createContext<TranslationBundle>(nullTranslator.load(DOMAIN));

export function useTrans(): TranslationBundle {
  return useContext(TransContext);
}
