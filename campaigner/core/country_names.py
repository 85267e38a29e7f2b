"""What the countries of the Americas, and those whose languages they speak, are called there.

In Spanish, Portuguese and French, without accents and capitals, where that is not the English
name: for lists that people bring along. From CLDR, and what is written in forms.
"""

from collections.abc import Mapping

_LIST = """
AG antigua e barbuda, antigua y barbuda, antigua-et-barbuda; AI anguila; AR argentine; BB
barbade; BE belgica, belgique; BL saint-barthelemy, san bartolome, sao bartolomeu; BM bermudas,
bermudes; BO bolivie; BQ caribe neerlandes, paises baixos caribenhos, pays-bas caribeens; BR
brasil, bresil; BZ belice; CH suica, suisse, suiza; CL chili; CO colombie; CW curacao, curazao;
DE alemanha, alemania, allemagne; DM dominique; DO rep. dominicana, republica dominicana,
republique dominicaine; EC equador, equateur; ES espagne, espana, espanha; FK iles malouines,
ilhas malvinas, islas malvinas; FR franca, francia; GB inglaterra, reino unido, royaume-uni, uk;
GD granada, grenade; GF guayana francesa, guiana francesa, guyane francaise; GP guadalupe; GY
guiana; IT italia, italie; JM jamaique; KN saint-christophe-et-nieves, san cristobal y nieves,
sao cristovao e nevis; KY iles caimans, ilhas cayman, islas caiman; LC sainte-lucie, santa
lucia; MF saint-martin, san martin, sao martinho; MQ martinica; MX mexique; NL holanda, paises
baixos, paises bajos, pays-bas; PE perou; PR porto rico; PY paraguai; SR surinam; SV salvador;
SX saint-martin (partie neerlandaise); TC iles turques-et-caiques, ilhas turcas e caicos, islas
turcas y caicos; TT trinidad e tobago, trinidad y tobago, trinite-et-tobago; US ee. uu., eeuu,
estados unidos, etats-unis, etats-unis d'amerique, eua, usa; UY uruguai; VC saint-vincent-et-les
grenadines, san vicente y las granadinas, sao vicente e granadinas; VG iles vierges
britanniques, ilhas virgens britanicas, islas virgenes britanicas; VI iles vierges des etats-
unis, ilhas virgens americanas, islas virgenes de ee. uu.
"""

NAMES: Mapping[str, str] = {
    name: entry[:2]
    for entry in " ".join(_LIST.split()).split("; ")
    for name in entry[3:].split(", ")
}
"""The code of each name, like {"brasil": "BR"}."""
