// `completion`: the scripts by which shells ask this program for candidates (cli.md 1.5; ./complete.ts answers).
import { CommandError, type Leaf } from '../command.ts';

export const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const;

function functionName(name: string): string {
  return `__${name.replaceAll('-', '_')}_complete`;
}

function bash(name: string): string {
  const fn = functionName(name);
  return `# bash completion for ${name}: source this file in ~/.bashrc
${fn}() {
  local out line current="\${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=()
  out="$("\${COMP_WORDS[0]}" __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" || return
  if [[ "\${out##*:}" == 0 ]]; then
    compopt -o default
    return
  fi
  while IFS= read -r line; do
    if [[ "$line" != :* && "$line" == "$current"* ]]; then COMPREPLY+=("$line"); fi
  done <<< "$out"
}
complete -F ${fn} ${name}
`;
}

function zsh(name: string): string {
  const fn = functionName(name);
  return `#compdef ${name}
# zsh completion for ${name}: source this file in ~/.zshrc, or put it into a folder of $fpath as _${name}
${fn}() {
  local -a lines candidates
  lines=("\${(@f)$("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ "\${lines[-1]}" == ":0" ]]; then
    _files
    return
  fi
  candidates=("\${(@)lines[1,-2]}")
  (( \${#candidates} )) && compadd -- "\${candidates[@]}"
}
if [[ "\${funcstack[1]}" == "_${name}" ]]; then ${fn} "$@"; else compdef ${fn} ${name}; fi
`;
}

function fish(name: string): string {
  const fn = functionName(name);
  return `# fish completion for ${name}: put this file into ~/.config/fish/completions
function ${fn}
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  test (count $current) -eq 0; and set current ''
  set -l lines ($words[1] __complete $words[2..-1] $current 2>/dev/null)
  if test "$lines[-1]" = ':0'
    __fish_complete_path $current
  else if test (count $lines) -gt 1
    printf '%s\\n' $lines[1..-2]
  end
end
complete -c ${name} -f -a '(${fn})'
`;
}

function powershell(name: string): string {
  return `# powershell completion for ${name}: source this file in $PROFILE
Register-ArgumentCompleter -Native -CommandName '${name}' -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" })
  if ($wordToComplete -eq '') {
    # Before 7.3 an empty argument has to be quoted to reach the program.
    $words += if ($PSVersionTable.PSVersion -lt [version]'7.3') { '""' } else { '' }
  }
  & '${name}' __complete @words 2>$null | Where-Object { $_ -notmatch '^:' } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_)
  }
}
`;
}

const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], (name: string) => string>> = {
  bash,
  zsh,
  fish,
  powershell,
};

export const COMPLETION: Leaf = {
  kind: 'leaf',
  name: 'completion',
  args: '[bash|zsh|fish|powershell]',
  minArgs: 0,
  maxArgs: Number.POSITIVE_INFINITY,
  short: 'Generate completion script',
  long:
    'Print a script that completes commands and names in a shell. To complete behind kubectl, put the program\n' +
    'kubectl_complete-argo-rollouts, which is installed with this one, on PATH.',
  example:
    '# Complete in this bash\nsource <(kubectl-argo-rollouts completion bash)\n\n' +
    '# Complete in every zsh\nkubectl-argo-rollouts completion zsh > "${fpath[1]}/_kubectl-argo-rollouts"',
  flags: [],
  run: ({ terminal, root }, args) => {
    const [shell = ''] = args;
    if (args.length !== 1) throw new CommandError(`accepts 1 arg(s), received ${args.length}`);
    const known = SHELLS.find((one) => one === shell);
    if (known === undefined) {
      const command = `${root} completion`;
      throw new CommandError(
        `invalid argument ${JSON.stringify(shell)} for ${JSON.stringify(command)}`,
      );
    }
    terminal.out(SCRIPTS[known](root));
    return Promise.resolve(0);
  },
};
