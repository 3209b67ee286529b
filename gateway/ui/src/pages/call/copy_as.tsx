// The call as text for a shell, Python or C++.
import { useState } from 'preact/hooks';
import { about } from '../../api/chains';
import { gatewayUrl } from '../../api/client';
import { CodeBlock } from '../../components/copy';
import { Dialog } from '../../components/dialog';
import { fileFields } from '../../lib/body';
import type { Json } from '../../lib/json';
import type { Document, Method } from '../../lib/schema';
import { type Language, snippet } from '../../lib/snippets';
import type { ChainPageProps } from '../registry';

const LANGUAGES: Language[] = ['curl', 'Python', 'C++'];

export interface CopyAsProps {
  document: Document;
  target: ChainPageProps['target'];
  method: Method;
  request: Json;
  files: ReadonlyMap<string, File>;
  onClose: () => void;
}

export function CopyAs({ document, target, method, request, files, onClose }: CopyAsProps) {
  const [language, setLanguage] = useState<Language>('curl');
  const one =
    method.takesStream && Array.isArray(request) && request.length === 1 ? request[0]! : request;
  const asFiles = method.takesForm
    ? fileFields(document, method, one, files)
    : new Map<string, string>();
  const text = snippet(language, {
    url: gatewayUrl(`${target.path}/${method.name}`),
    grpc: about.value?.grpc ?? '',
    chain: target.chain,
    environment: target.environment ? target.name : '',
    deployment: target.environment ? '' : (target.deployment?.id ?? ''),
    entrypoint: target.deployment?.entrypoint ?? target.chain,
    method,
    request: asFiles.size > 0 ? one : request,
    files: asFiles,
  });
  return (
    <Dialog title="Copy this call" onClose={onClose} wide>
      <div class="row segments" role="group" aria-label="Language">
        {LANGUAGES.map((each) => (
          <button
            key={each}
            type="button"
            class="segment"
            aria-pressed={each === language}
            onClick={() => setLanguage(each)}
          >
            {each}
          </button>
        ))}
      </div>
      <CodeBlock text={text} label={`The call in ${language}`} />
      <p class="small muted">
        The key is not in it: it is read from <code>CHAINS_API_KEY</code>.
      </p>
    </Dialog>
  );
}
