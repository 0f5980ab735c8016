import { assertNever } from "../model/problem.js";
import type { Shell } from "./option-values.js";
import { ASKED_BY_SHELL } from "./options.js";

/**
 * A script that teaches a shell to complete. All that there is to know the program says when it is asked, with
 * `flexprice-sync __complete SHELL` and the words on stdin, each with a NUL behind it; arguments of a process can be seen by others.
 * It says first a line on what else the shell itself can offer (`none`, `files`, `folders`), then a
 * word in each line; behind a tab for fish its description, and for zsh what to show of it. It reads files of the repository and asks no service.
 */
export function completionScript(shell: Shell): string {
  switch (shell) {
    case "bash":
      return bash;
    case "zsh":
      return zsh;
    case "fish":
      return fish;
    default:
      return assertNever(shell);
  }
}

const bash = `# flexprice-sync completion for bash 4 and newer.
#   echo 'source <(flexprice-sync completion bash)' >> ~/.bashrc
_flexprice_sync() {
  local IFS=$'\\n' paths='' word line=\${COMP_LINE:0:COMP_POINT}
  # What stands before the command is not handed on: it may be the value of a variable.
  line=\${line#*"$1"}
  COMPREPLY=()
  while read -r word; do
    if [[ -z $paths ]]; then paths=$word; else COMPREPLY+=("$word"); fi
  done < <(printf '%s\\0' "$line" "$COMP_WORDBREAKS" | command flexprice-sync ${ASKED_BY_SHELL} bash 2>/dev/null)
  case $paths in
    files) compopt -o default ;;
    folders) compopt -o dirnames ;;
  esac
}
complete -F _flexprice_sync flexprice-sync
`;

const zsh = `#compdef flexprice-sync
# flexprice-sync completion for zsh.
#   flexprice-sync completion zsh > ~/.zfunc/_flexprice-sync   # a folder of $fpath, named before compinit
_flexprice_sync() {
  local -a lines words_found shown
  local line paths
  lines=("\${(@f)$(print -rN -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" | command flexprice-sync ${ASKED_BY_SHELL} zsh 2>/dev/null)}")
  paths=$lines[1]
  for line in "\${(@)lines[2,-1]}"; do
    words_found+=("\${line%%$'\\t'*}")
    shown+=("\${line#*$'\\t'}")
  done
  (( $#words_found )) && compadd -l -V flexprice-sync -d shown -a words_found
  [[ $paths == none ]] && return
  compset -P '--[a-z-]##='
  case $paths in
    files) _files ;;
    folders) _files -/ ;;
  esac
}
if [[ $funcstack[1] == _flexprice-sync ]]; then
  _flexprice_sync "$@"
else
  compdef _flexprice_sync flexprice-sync
fi
`;

const fish = `# flexprice-sync completion for fish.
#   flexprice-sync completion fish > ~/.config/fish/completions/flexprice-sync.fish
function __flexprice_sync_complete
    set -l words (commandline -opc)
    set -l begun (commandline -ct)
    set -l plain (string unescape -- $begun; or string trim --left --chars '"\\'' -- $begun)
    command -q flexprice-sync; or return
    set -l lines (string join0 -- $words[2..-1] "$plain" | command flexprice-sync ${ASKED_BY_SHELL} fish 2>/dev/null)
    for line in $lines[2..-1]
        echo $line
    end
    set -l option (string match --regex -- '^--[a-z-]+=' $begun)
    switch $lines[1]
        case files
            printf "$option%s\\n" (__fish_complete_path (string replace -- "$option" '' $begun))
        case folders
            printf "$option%s\\n" (__fish_complete_directories (string replace -- "$option" '' $begun) '')
    end
end
complete --command flexprice-sync --no-files --keep-order --arguments '(__flexprice_sync_complete)'
`;
