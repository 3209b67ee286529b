import { Icon } from './icon';

export function Brand() {
  return (
    <a class="brand" href="#/">
      <Icon name="chains" size={20} />
      Chains
    </a>
  );
}
