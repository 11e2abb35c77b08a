# bash completion for nettrace-analyze and nettrace-capture: the options are asked of the programs themselves.
_nettrace() {
	local current=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]}
	COMPREPLY=()
	case $option in
	--headers)
		mapfile -t COMPREPLY < <(compgen -W 'none names lengths values' -- "$current")
		return
		;;
	--fail-on)
		mapfile -t COMPREPLY < <(compgen -W "any difference error warning info $("$1" --list-codes 2>/dev/null | cut -d' ' -f1)" -- "$current")
		return
		;;
	-i | --interface)
		mapfile -t COMPREPLY < <(compgen -W "any $(ls /sys/class/net 2>/dev/null)" -- "$current")
		return
		;;
	--session)
		mapfile -t COMPREPLY < <(compgen -W 'last' -- "$current")
		return
		;;
	esac
	if [[ $current == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$("$1" --help 2>/dev/null | sed -nE 's/^ +(-., )?(--[a-z0-9-]+).*/\2/p')" -- "$current")
	else
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
	fi
}
complete -F _nettrace nettrace-analyze nettrace-capture
