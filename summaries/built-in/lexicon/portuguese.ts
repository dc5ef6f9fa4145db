import type { Lexicon } from './lexicon.ts';

/**
 * The same for Portuguese, as customers of Brazilian companies write it: without accents as often as
 * with them, so all of it is without. See `english`.
 */
export const portuguese: Lexicon = {
  valences: {
    '0': `nao_,_obrigad* nao_,_valeu nao_obrigad* nao_brigad* nao_valeu bom_dia boa_tarde boa_noite tudo_bem nao_precisa nao_se_preocupe
      sem_duvida boa_sorte_nao`,
    '3': `excelent* otim* maravilh* perfeit* incrivel incriveis fantastic* sensaciona* impecave* nota_10
      nota_dez nota_mil amei adorei adoro amo amando melhor_atendimento melhor_loja melhor_empresa
      melhor_compra super_recomendo recomendo_demais show_de_bola top_demais parabens espetacula*
      extraordinari* excepciona* salvou_meu salvaram_meu arrasou arrasaram encantad* apaixonad* amou amaram adorou adoraram superou_minhas superou_as divin* mudou_minha_vida de_parabens`,
    '2': `obrigad* obg brigad* valeu vlw agradec* grat* bom boa bons boas bem_atendid* gostei gostamos
      gosto_muito gostando curti legal bacana massa top show feliz* content* satisfeit* satisfac* alegr*
      rapid* rapidinho agil ageis eficien* eficaz prestativ* atencios* educad* gentil gentis simpatic*
      cordial cordiais carinh* cuidados* competent* profissional profissionais super_bem impressionad* recomend* resolveu resolveram
      resolvid* solucionou solucionaram solucionad* funcionou funcionando_bem deu_certo deu_tudo_certo tudo_certo chegou_antes
      antes_do_prazo no_prazo dentro_do_prazo tudo_otimo tudo_bem_agora lind* bonit* gostos* delici*
      pratic* facil faceis surpreend* confiave* confianca confio elogi* caprich* qualidade
      vale_a_pena valeu_a_pena sem_problema* sem_defeito* sem_erro* nada_a_reclamar nao_tenho_do_que_reclamar
      sucesso amig* gentileza acolhed* tranquil* aliviad* alivio haha* kkk* rsrs* uau oba eba ufa
      vou_voltar compro_de_novo comprarei_novamente volto_sempre como_prometid* de_primeira`,
    '1': `melhor melhorou melhoraram ajudou ajudaram ajuda_muito inteiro inteira indico indiquei funcionando direitinho
      sem_burocracia confortav* silencios* agilidade segur* segura atendeu certo certinho
      certinha correto correta ok_agora beleza joia interess* justo justa honest* clar* esclarec*
      entendi perfeito_obrigad* sim_por_favor combinado funcionou_agora aprov* confirmad*
      brinde gratis parceir* economi* consegui conseguimos conseguiram compensa`,
    '-1': `problema* erro* bug bugs falh* trav* lent* lerd* demor* atras* esperando espera aguardando
      duvida_sem confus* dificil dificeis complicad* caro cara_demais carissim* perdi perdid* perdeu
      sumiu faltou faltando falta_de faltam cancel* reclam*
      triste* preocup* cansad* infelizmente desisti desistir desisto estranh* duvidos* sem_resposta
      sem_retorno sem_solucao sem_previsao nao_chegou nao_recebi nao_consigo nao_consegui nao_funciona*
      nao_abre nao_carrega nao_entra nao_liga nao_responde* nao_resolv* nao_atende* nao_aparece
      nao_foi_entregue nao_foi_resolvido ainda_nao ate_agora_nada ate_hoje de_novo_o_mesmo
      outra_vez_o_mesmo errad* incorret* diferente_do vencid* duplicad* cobranca_indevida caiu
      fora_do_ar desligou bloquead* negad* recus* queda instavel instaveis suj* amassad* rasgad*
      arranhad* manchad* usado_ja sem_estoque parou_de_funcionar toda_hora nao_entende* nao_autorizei nao_dura nao_atualiza nao_anda
      nao_deu nao_deram nao_cumpr* sem_motivo sem_aviso impossivel queim* trincad* desbot* fraco fraca
      esperava_mais esperava_bem_mais fri* ruido risco medo insegur*`,
    '-2': `ruim ruins mal mau pior piorou quebrad* quebrou quebraram defeito* defeituos* danificad* estragad*
      estragou podre insatisf* decepcion* decepcao frustr* irritad* irritant* irrita bravo_com brava_com
      chatead* chato chata raiva revolt* indignad* indignac* absurd* descaso desrespeit* desleixo
      descumpr* mentir* mentind* enganad* enganos* enganaram engana enrolad* enrolando enrolam golpe
      golpist* fraude* roub* furt* lesad* prejuiz* abusiv* abuso desonest* incompeten* despreparad*
      mal_atendid* mal_educad* grosseir* grossa grosso ignorad* ignorante* ignoram ninguem_responde
      ninguem_atende ninguem_resolve ninguem_ajuda ninguem_sabe nunca_mais nunca_chega nunca_funciona
      nunca_resolv* nunca_respond* cobrad*_duas_vezes cobrado_duas_vezes cobrada_duas_vezes
      cobraram_duas_vezes duas_vezes_a_mesma cobranca_errada cobraram_a_mais cobrado_a_mais procon
      processar processo_judicial advogad* reclame_aqui denunci* palhacad* vergonha* vergonhos*
      inaceitave* inadmissive* intoleravel ridicul* lamentavel decepcionant* inutil inuteis lixo porcaria
      droga merda bosta porra caralho saco_cheio de_saco cansei perda_de_tempo perdi_meu_tempo
      desperdicio desumano arrepend* enganacao de_brincadeira nao_aguento dor_de_cabeca perderam_um_cliente
      perdeu_um_cliente meu_dinheiro_de_volta nem_ai nao_tem_como_confiar nunca_fui_tao_mal_atendid* odeio odiei detest* nao_recomendo nao_comprem nao_comprem_aqui
      fujam nao_confio nao_gostei nao_presta nao_vale falta_de_respeito falta_de_educacao falta_de_compromisso
      sem_condic* bagunca confusao_danada triste_com muito_triste golpe_mesmo so_enrola`,
    '-3': `pessim* horrivel horriveis terrivel terriveis pavoros* odios* nojo nojent* pior_atendimento
      pior_empresa pior_loja pior_experiencia pior_compra pior_servico inferno pesadelo* catastrof*
      desastr* nota_zero zero_estrelas filh*_da_puta vergonha_nacional criminos* lixo_de`,
  },
  negations: 'nao n nunca jamais nem sem ninguem nenhum nenhuma nada tampouco',
  stronger: `muito muita muitos muitas super bem tao demais bastante extremamente totalmente completamente
    absolutamente realmente mega ultra mto mt mta maior`,
  weaker: 'pouco pouca um_pouco meio meia quase levemente razoavelmente mais_ou_menos',
  turns: 'mas porem contudo entretanto todavia so_que',
};
